// The page of `serenade serve`.

import { run } from "./page";
import { Service } from "./service";

run(new Service());
