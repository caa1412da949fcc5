// The page of `serenade page --static`.

import { run } from "../page";
import { Browser } from "./browser";

run(new Browser());
