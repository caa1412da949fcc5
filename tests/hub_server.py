"""A loopback server with the part of the Hugging Face hub's HTTP API that models need."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

TOKEN = "hf_secret_of_the_test"
READ_ONLY = "hf_token_that_only_reads"


@dataclass
class Hub:
    """Repositories by name: commits in order, each the files by path; tags name commits."""

    commits: dict[str, list[dict[str, bytes]]] = field(default_factory=dict)
    tags: dict[tuple[str, str], int] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    gated: set[str] = field(default_factory=set)
    stored: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    fails_with: int | None = None
    url: str = ""

    def add(self, name: str, files: dict[str, bytes]) -> None:
        """A further commit with all files of the repository."""
        self.commits.setdefault(name, []).append(files)

    def files(self, name: str) -> dict[str, bytes]:
        """The files of the last commit."""
        return self.commits[name][-1]

    def commit_of(self, name: str, revision: str) -> int | None:
        """The number of a commit by branch, tag or hash."""
        hashes = [sha(name, number) for number in range(len(self.commits[name]))]
        if revision in hashes:
            return hashes.index(revision)
        return len(hashes) - 1 if revision == "main" else self.tags.get((name, revision))


def sha(name: str, number: int) -> str:
    """The hash of a commit."""
    return hashlib.sha1(f"{name} {number}".encode()).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", headers.get("size", str(len(body))))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _json(self, content: object, status: int = 200) -> None:
        self._send(status, json.dumps(content).encode(), Content_Type="application/json")

    def _error(self, status: int, code: str) -> None:
        self._send(status, b"{}", X_Error_Code=code, X_Error_Message=code)

    @property
    def token(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _refused(self, name: str) -> bool:
        """Whether a repository cannot be read; then the response is sent."""
        if self.hub.fails_with:
            self._send(self.hub.fails_with)
        elif name not in self.hub.commits or (name in self.hub.private and self.token != TOKEN):
            self._error(401 if not self.token else 404, "RepoNotFound")
        elif name in self.hub.gated and self.token != TOKEN:
            self._error(403, "GatedRepo")
        else:
            return False
        return True

    def do_GET(self) -> None:
        self.hub.requests.append(f"{self.command} {self.path}")
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        if parts[:2] == ["api", "models"]:
            name, rest = "/".join(parts[2:4]), parts[4:]
        else:
            name, rest = "/".join(parts[:2]), parts[2:]
        if self._refused(name):
            return
        revision = rest[1] if len(rest) > 1 else "main"
        number = self.hub.commit_of(name, revision)
        if number is None:
            self._error(404, "RevisionNotFound")
            return
        files, commit = self.hub.commits[name][number], sha(name, number)
        if parts[0] != "api":
            content = files.get("/".join(rest[2:]))
            if content is None:
                self._error(404, "EntryNotFound")
                return
            etag = f'"{hashlib.sha1(content).hexdigest()}"'
            self._send(200, content, X_Repo_Commit=commit, ETag=etag)
        elif rest[:1] == ["tree"]:
            self._json(
                [
                    {
                        "type": "file",
                        "path": path,
                        "size": len(content),
                        "oid": hashlib.sha1(content).hexdigest(),
                    }
                    for path, content in files.items()
                ]
            )
        else:
            self._json({"id": name, "sha": commit, "siblings": [{"rfilename": path} for path in files]})

    do_HEAD = do_GET

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        blocks = []
        while size := int(self.rfile.readline(), 16):
            blocks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(blocks)

    def do_PUT(self) -> None:
        self.hub.stored[self.path.rpartition("/")[2]] = self._body()
        self._send(200)

    def do_POST(self) -> None:
        self.hub.requests.append(f"{self.command} {self.path}")
        body = self._body()
        parts = urlsplit(self.path).path.strip("/").split("/")
        if parts == ["api", "validate-yaml"]:
            self._json({"errors": [], "warnings": []})
        elif self.token != TOKEN:
            self._error(403 if self.token == READ_ONLY else 401, "")
        elif parts == ["api", "repos", "create"]:
            wanted = json.loads(body)
            name = f"{wanted['organization']}/{wanted['name']}"
            if name in self.hub.commits:
                self._json({"url": f"{self.hub.url}/{name}"}, 409)
                return
            self.hub.add(name, {".gitattributes": b""})
            if wanted.get("private") or wanted.get("visibility") == "private":
                self.hub.private.add(name)
            self._json({"url": f"{self.hub.url}/{name}"})
        elif parts[-3:] == ["lfs", "objects", "batch"]:
            self._json(
                {"transfer": "basic", "objects": [self._storage(one) for one in json.loads(body)["objects"]]}
            )
        elif parts[4] == "preupload":
            files = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(("onnx", "safetensors")) else "regular",
                    "shouldIgnore": False,
                }
                for file in json.loads(body)["files"]
            ]
            self._json({"files": files})
        else:
            self._commit("/".join(parts[2:4]), [json.loads(line) for line in body.splitlines()])

    def _storage(self, one: dict) -> dict:
        return one | {"actions": {"upload": {"href": f"{self.hub.url}/storage/{one['oid']}"}}}

    def _commit(self, name: str, lines: list[dict]) -> None:
        files = dict(self.hub.files(name))
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                self.hub.messages.append(value["summary"])
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.stored[value["oid"]]
        self.hub.add(name, files)
        self._json(
            {"commitUrl": f"{self.hub.url}/{name}", "commitOid": sha(name, len(self.hub.commits[name]) - 1)}
        )


def serve() -> tuple[Hub, ThreadingHTTPServer]:
    """Start a hub without repositories on a free port."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return hub, server
