"""One function an endpoint: request → answer. Shapes are those that ``huggingface_hub`` 2.4 reads."""

import base64
import hashlib
import json
import re
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

import yaml

from tests.loopback_hub.store import MAIN, Discussion, File, Refusal, Repo, Store, User, goes_to_lfs, now

KINDS = {"": "model", "models": "model", "datasets": "dataset", "spaces": "space"}


@dataclass(frozen=True)
class Request:
    """What came in. ``path`` is still quoted."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    base_url: str
    token: str

    def json(self) -> Any:
        """The body as JSON, an empty object where there is none."""
        return json.loads(self.body or b"{}")

    def asks(self, name: str) -> bool:
        """Whether a query flag is on."""
        return self.query.get(name, ["0"])[0].lower() in ("1", "true")


@dataclass(frozen=True)
class Answer:
    """What goes out."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A request on its way through a route: the store, who asks, and the parts of the path, unquoted."""

    store: Store
    request: Request
    user: User | None
    parts: dict[str, str]

    @property
    def signed_in(self) -> User:
        """Who asks."""
        if self.user is None:
            raise Refusal(401, "Invalid username or password.")
        return self.user

    @property
    def kind(self) -> str:
        """model, dataset or space."""
        return KINDS[self.parts["kind"] or ""]

    def repo(self, *, write: bool = False) -> Repo:
        """The repository of the path, where the user may see it, and write to it if that is asked."""
        repo = self.store.repo(self.kind, self.parts["id"])
        is_member = self.user is not None and self.user.writes(repo.id)
        if repo.private and not is_member:
            raise Refusal(404 if self.user else 401, "Repository not found", "RepoNotFound")
        if write and not is_member:
            self.signed_in  # noqa: B018 - 401 before 403
            raise Refusal(403, "You don't have the rights to write to this repository")
        return repo

    def check_gate(self, repo: Repo) -> None:
        """Files of a gated repository are for members and for those who were let in."""
        who = self.user
        if repo.gated and not (who and (who.writes(repo.id) or who.name in repo.granted)):
            raise Refusal(403 if who else 401, f"Access to {repo.kind} {repo.id} is restricted.", "GatedRepo")


Route = Callable[[Call], Any]
_ROUTES: list[tuple[str, re.Pattern[str], Route]] = []
_REPO = r"/api/(?P<kind>models|datasets|spaces)/(?P<id>[^/]+/[^/]+)"


def route(method: str, pattern: str) -> Callable[[Route], Route]:
    """Register a function for a method and a pattern of the quoted path."""

    def register(function: Route) -> Route:
        _ROUTES.append((method, re.compile(pattern), function))
        return function

    return register


def answer(store: Store, request: Request, faults: dict[str, deque[int]]) -> Answer | None:
    """Find the route and run it; None means: cut the connection."""
    method = "GET" if request.method == "HEAD" else request.method
    for route_method, pattern, function in _ROUTES:
        match = pattern.fullmatch(request.path) if route_method == method else None
        if match:
            queue = faults.get(function.__name__)
            fault = queue.popleft() if queue else 0
            if fault > 0:
                return _refuse(Refusal(fault, f"{function.__name__} fails on demand"))
            found = _run(function, store, request, match)
            return None if fault < 0 else found
    return _refuse(Refusal(404, f"no such endpoint: {request.method} {request.path}"))


def _run(function: Route, store: Store, request: Request, match: re.Match[str]) -> Answer:
    known = {user.token: user for user in store.users}
    try:
        if request.token and request.token not in known:
            raise Refusal(401, "Invalid credentials in Authorization header")
        parts = {name: unquote(part or "") for name, part in match.groupdict().items()}
        found = function(Call(store, request, known.get(request.token), parts))
    except Refusal as refusal:
        return _refuse(refusal)
    if isinstance(found, Answer):
        return found
    return Answer(json.dumps(found).encode(), headers={"Content-Type": "application/json"})


def _refuse(refusal: Refusal) -> Answer:
    headers = {"Content-Type": "application/json", "X-Error-Message": str(refusal)}
    headers |= {"X-Error-Code": refusal.code} if refusal.code else {}
    return Answer(json.dumps({"error": str(refusal)}).encode(), refusal.status, headers)


# -- accounts and repositories ------------------------------------------------------------------------------------------------


@route("GET", "/api/whoami-v2")
def whoami(call: Call) -> Any:
    user = call.signed_in
    orgs = [{"type": "org", "name": name, "roleInOrg": "write"} for name in user.orgs]
    token = {"displayName": "loopback", "role": "write"}
    return {"type": "user", "name": user.name, "orgs": orgs, "auth": {"type": "access_token", "accessToken": token}}


@route("POST", "/api/repos/create")
def create_repo(call: Call) -> Any:
    asked = call.request.json()
    repo_id = f"{asked.get('organization') or call.signed_in.name}/{asked['name']}"
    if not call.signed_in.writes(repo_id):
        raise Refusal(403, f"You don't have the rights to create a repository under {repo_id.partition('/')[0]}")
    kind = asked.get("type") or "model"
    url = f"{call.request.base_url}/{'' if kind == 'model' else kind + 's/'}{repo_id}"
    if (kind, repo_id) in call.store.repos:
        # With its address: `create_repo(exist_ok=True)` reads that off the refusal.
        body = json.dumps({"error": "You already created this repository", "url": url}).encode()
        return Answer(body, 409, {"Content-Type": "application/json"})
    call.store.create(kind, repo_id, call.signed_in.name, asked.get("visibility") == "private")
    return {"url": url, "name": repo_id}


@route("DELETE", "/api/repos/delete")
def delete_repo(call: Call) -> Any:
    asked = call.request.json()
    repo_id = f"{asked.get('organization') or call.signed_in.name}/{asked['name']}"
    kind = asked.get("type") or "model"
    call.store.repo(kind, repo_id)
    if not call.signed_in.writes(repo_id):
        raise Refusal(403, "You don't have the rights to delete this repository")
    del call.store.repos[kind, repo_id]
    return {}


@route("PUT", _REPO + "/settings")
def settings(call: Call) -> Any:
    repo, asked = call.repo(write=True), call.request.json()
    if "gated" in asked:
        repo.gated = asked["gated"]
    if "visibility" in asked:
        repo.private = asked["visibility"] == "private"
    return {"gated": repo.gated, "private": repo.private}


def _card_data(files: dict[str, File]) -> dict[str, Any]:
    text = files["README.md"].content.decode() if "README.md" in files else ""
    front = re.match(r"---\n(.*?)\n---", text, re.S)
    return yaml.safe_load(front[1]) or {} if front else {}


def _sibling(path: str, file: File, *, blobs: bool) -> dict[str, Any]:
    if not blobs:
        return {"rfilename": path}
    lfs = {"lfs": {"size": len(file.content), "sha256": file.oid, "pointerSize": 134}} if file.is_lfs else {}
    return {"rfilename": path, "size": len(file.content), "blobId": file.blob_id, **lfs}


def _info(repo: Repo, revision: str, *, blobs: bool = False) -> dict[str, Any]:
    commit, first = repo.resolve(revision), repo.history(MAIN)[-1]
    card = _card_data(commit.files)
    return {
        "_id": hashlib.sha1(repo.id.encode()).hexdigest()[:24],
        "id": repo.id,
        **({"modelId": repo.id} if repo.kind == "model" else {}),
        "author": repo.id.partition("/")[0],
        "sha": commit.oid,
        "private": repo.private,
        "gated": repo.gated,
        "disabled": False,
        "createdAt": first.date,
        "lastModified": commit.date,
        "tags": card.get("tags") or [],
        "cardData": card,
        "downloads": 0,
        "likes": 0,
        "siblings": [_sibling(path, file, blobs=blobs) for path, file in sorted(commit.files.items())],
        **repo.extra,
    }


@route("GET", r"/api/(?P<kind>models|datasets|spaces)")
def list_repos(call: Call) -> Any:
    query = call.request.query
    author, search = query.get("author", [""])[0], query.get("search", [""])[0].lower()
    return [
        _info(repo, MAIN)
        for (kind, repo_id), repo in sorted(call.store.repos.items())
        if kind == call.kind
        and search in repo_id.lower()
        and author in ("", repo_id.partition("/")[0])
        and (not repo.private or (call.user and call.user.writes(repo_id)))
    ]


@route("GET", _REPO + r"(?:/revision/(?P<revision>[^/]+))?")
def repo_info(call: Call) -> Any:
    return _info(call.repo(), call.parts["revision"] or MAIN, blobs=call.request.asks("blobs"))


@route("GET", _REPO + r"/auth-check(?P<write>/write)?")
def auth_check(call: Call) -> Any:
    repo = call.repo(write=bool(call.parts["write"]))
    call.check_gate(repo)
    return {}


@route("POST", "/api/validate-yaml")
def validate_yaml(call: Call) -> Any:
    try:
        _card_data({"README.md": File(call.request.json()["content"].encode())})
    except yaml.YAMLError as error:
        body = json.dumps({"errors": [{"message": str(error)}], "warnings": []}).encode()
        return Answer(body, 400, {"Content-Type": "application/json"})
    return {"errors": [], "warnings": []}


# -- files ------------------------------------------------------------------------------------------------------------------


def _last_commit(repo: Repo, revision: str, path: str) -> dict[str, Any]:
    """The commit that gave a file its content."""
    history = repo.history(revision)
    own = history[0].files[path]
    last = history[0]
    for commit in history:
        if commit.files.get(path) != own:
            break
        last = commit
    return {"lastCommit": {"id": last.oid, "title": last.title, "date": last.date}}


def _entry(path: str, file: File) -> dict[str, Any]:
    lfs = {"lfs": {"oid": file.oid, "size": len(file.content), "pointerSize": 134}} if file.is_lfs else {}
    return {"type": "file", "path": path, "size": len(file.content), "oid": file.blob_id, **lfs}


def _folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "path": path, "size": 0, "oid": hashlib.sha1(path.encode()).hexdigest()}


def _folders(files: dict[str, File]) -> list[str]:
    parents = {"/".join(path.split("/")[:depth]) for path in files for depth in range(1, path.count("/") + 1)}
    return sorted(parents)


@route("GET", _REPO + r"/tree/(?P<revision>[^/]+)(?:/(?P<path>.+))?")
def tree(call: Call) -> Any:
    repo = call.repo()
    files = repo.resolve(call.parts["revision"]).files
    root = call.parts["path"].rstrip("/")
    if root and root not in _folders(files):
        raise Refusal(404, f"{root} does not exist", "EntryNotFound")
    prefix = f"{root}/" if root else ""
    entries = [_folder(path) for path in _folders(files)] + [_entry(path, file) for path, file in sorted(files.items())]
    if call.request.asks("expand"):
        revision = call.parts["revision"]
        entries = [
            entry | _last_commit(repo, revision, entry["path"]) if entry["type"] == "file" else entry
            for entry in entries
        ]
    return [
        entry
        for entry in entries
        if entry["path"].startswith(prefix)
        and (call.request.asks("recursive") or "/" not in entry["path"][len(prefix) :])
    ]


@route("POST", _REPO + r"/paths-info/(?P<revision>[^/]+)")
def paths_info(call: Call) -> Any:
    files = call.repo().resolve(call.parts["revision"]).files
    asked = parse_qs(call.request.body.decode()).get("paths", [])
    folders = _folders(files)
    return [
        _entry(path, files[path]) if path in files else _folder(path)
        for path in asked
        if path in files or path in folders
    ]


@route("GET", r"(?:/(?P<kind>datasets|spaces))?/(?P<id>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
def resolve(call: Call) -> Any:
    repo = call.repo()
    commit = repo.resolve(call.parts["revision"])
    call.check_gate(repo)
    file = commit.files.get(call.parts["path"])
    if file is None:
        raise Refusal(404, "Entry not found", "EntryNotFound")
    headers = {"ETag": f'"{file.oid}"', "X-Repo-Commit": commit.oid, "Accept-Ranges": "bytes"}
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", {k.lower(): v for k, v in call.request.headers.items()}.get("range", ""))
    if not asked:
        return Answer(file.content, headers=headers)
    size = len(file.content)
    first, last = int(asked[1]), min(int(asked[2] or size - 1), size - 1)
    if first >= size:
        return Answer(b"", 416, headers | {"Content-Range": f"bytes */{size}"})
    return Answer(file.content[first : last + 1], 206, headers | {"Content-Range": f"bytes {first}-{last}/{size}"})


# -- commits ----------------------------------------------------------------------------------------------------------------


@route("POST", _REPO + r"/preupload/(?P<revision>[^/]+)")
def preupload(call: Call) -> Any:
    repo = call.repo(write=not call.request.asks("create_pr") and not call.parts["revision"].startswith("refs/pr/"))
    present = repo.resolve(call.parts["revision"]).files
    modes = [
        {
            "path": asked["path"],
            "uploadMode": "lfs" if goes_to_lfs(asked["path"], asked["size"]) else "regular",
            "shouldIgnore": False,
            "oid": present[asked["path"]].oid if asked["path"] in present else None,
        }
        for asked in call.request.json()["files"]
    ]
    return {"files": modes}


@route("POST", r"(?:/(?P<kind>datasets|spaces))?/(?P<id>[^/]+/[^/]+)\.git/info/lfs/objects/batch")
def lfs_batch(call: Call) -> Any:
    call.repo()
    call.signed_in  # noqa: B018 - 401 without a token
    objects = []
    for asked in call.request.json()["objects"]:
        href = f"{call.request.base_url}/lfs-objects/{asked['oid']}"
        actions = {"upload": {"href": href}, "verify": {"href": f"{href}/verify"}}
        objects.append({**asked, **({} if asked["oid"] in call.store.objects else {"actions": actions})})
    return {"transfer": "basic", "objects": objects}


@route("PUT", r"/lfs-objects/(?P<oid>[0-9a-f]{64})")
def upload_object(call: Call) -> Any:
    if hashlib.sha256(call.request.body).hexdigest() != call.parts["oid"]:
        raise Refusal(400, "the content does not have this sha256")
    call.store.objects[call.parts["oid"]] = call.request.body
    return {}


@route("POST", r"/lfs-objects/(?P<oid>[0-9a-f]{64})/verify")
def verify_object(call: Call) -> Any:
    if len(call.store.objects.get(call.parts["oid"], b"")) != call.request.json()["size"]:
        raise Refusal(404, "no such object of this size")
    return {}


def _apply(store: Store, files: dict[str, File], operations: list[dict[str, Any]]) -> dict[str, File]:
    """The files after the operations of a commit."""
    files = dict(files)
    for operation in operations:
        key, value = operation["key"], operation["value"]
        path = value["path"]
        if key == "file":
            files[path] = File(base64.b64decode(value["content"]))
        elif key == "lfsFile":
            if value["oid"] not in store.objects:
                raise Refusal(400, f"LFS object of {path} was not uploaded")
            files[path] = File(store.objects[value["oid"]], is_lfs=True)
        elif path.rstrip("/") not in (*files, *_folders(files)):
            raise Refusal(404, "A file with this name doesn't exist", "EntryNotFound")
        else:
            folder = path.rstrip("/") + "/"
            files = {name: file for name, file in files.items() if name != path and not name.startswith(folder)}
    return files


def _request_of(repo: Repo, revision: str) -> Discussion | None:
    number = re.fullmatch(r"refs/pr/(\d+)", revision)
    return repo.discussion(int(number[1])) if number else None


@route("POST", _REPO + r"/commit/(?P<revision>[^/]+)")
def commit(call: Call) -> Any:
    user, revision = call.signed_in, call.parts["revision"]
    opens_request = call.request.asks("create_pr")
    request = _request_of(call.repo(), revision)
    is_own = request is not None and request.author == user.name
    repo = call.repo(write=not (opens_request or is_own))
    header, *operations = (json.loads(line) for line in call.request.body.splitlines() if line.strip())
    head = repo.resolve(revision)
    parent = header["value"].get("parentCommit")
    if parent and parent != head.oid:
        raise Refusal(412, "A commit has happened since. Please refresh and try again.")
    files = _apply(call.store, head.files, operations)
    if opens_request:
        request = repo.open_discussion(header["value"]["summary"], user.name, head.oid)
        request.events.append(_comment(user, header["value"].get("description") or ""))
    ref = request.ref if request else f"refs/heads/{revision.removeprefix('refs/heads/')}"
    made = repo.commit(ref, files, header["value"]["summary"], user.name, header["value"].get("description") or "")
    if request:
        request.events.append(_event("commit", user.name, {"subject": made.title, "oid": made.oid}))
    url = f"{call.request.base_url}/{'' if repo.kind == 'model' else repo.kind + 's/'}{repo.id}"
    links = {"pullRequestUrl": f"{url}/discussions/{request.num}"} if opens_request and request else {}
    return {"success": True, "commitOid": made.oid, "commitUrl": f"{url}/commit/{made.oid}", "hookOutput": "", **links}


@route("GET", _REPO + r"/commits/(?P<revision>[^/]+)")
def commits(call: Call) -> Any:
    return [
        {
            "id": each.oid,
            "title": each.title,
            "message": each.message,
            "authors": [{"user": each.author}],
            "date": each.date,
        }
        for each in call.repo().history(call.parts["revision"])
    ]


# -- refs ---------------------------------------------------------------------------------------------------------------------


@route("GET", _REPO + "/refs")
def refs(call: Call) -> Any:
    repo = call.repo()

    def under(prefix: str, cut: str) -> list[dict[str, str]]:
        return [
            {"name": ref.removeprefix(cut), "ref": ref, "targetCommit": oid}
            for ref, oid in sorted(repo.refs.items())
            if ref.startswith(prefix)
        ]

    found = {"branches": under("refs/heads/", "refs/heads/"), "tags": under("refs/tags/", "refs/tags/"), "converts": []}
    return found | ({"pullRequests": under("refs/pr/", "refs/pr/")} if call.request.asks("include_prs") else {})


def _create_ref(repo: Repo, ref: str, target: str) -> dict[str, Any]:
    if ref in repo.refs:
        raise Refusal(409, "Reference already exists")
    repo.refs[ref] = repo.resolve(target).oid
    return {}


def _delete_ref(repo: Repo, ref: str) -> dict[str, Any]:
    if ref not in repo.refs or ref == MAIN:
        raise Refusal(
            404 if ref != MAIN else 403, f"{ref} cannot be deleted", "RevisionNotFound" if ref != MAIN else ""
        )
    del repo.refs[ref]
    return {}


@route("POST", _REPO + r"/branch/(?P<name>[^/]+)")
def create_branch(call: Call) -> Any:
    target = call.request.json().get("startingPoint") or MAIN
    return _create_ref(call.repo(write=True), f"refs/heads/{call.parts['name']}", target)


@route("DELETE", _REPO + r"/branch/(?P<name>[^/]+)")
def delete_branch(call: Call) -> Any:
    return _delete_ref(call.repo(write=True), f"refs/heads/{call.parts['name']}")


@route("POST", _REPO + r"/tag/(?P<revision>[^/]+)")
def create_tag(call: Call) -> Any:
    return _create_ref(call.repo(write=True), f"refs/tags/{call.request.json()['tag']}", call.parts["revision"])


@route("DELETE", _REPO + r"/tag/(?P<name>[^/]+)")
def delete_tag(call: Call) -> Any:
    return _delete_ref(call.repo(write=True), f"refs/tags/{call.parts['name']}")


# -- discussions and pull requests ------------------------------------------------------------------------------------------


def _event(kind: str, author: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": secrets.token_hex(12),
        "type": kind,
        "createdAt": now(),
        "author": {"name": author, "type": "user"},
        "data": data,
    }


def _comment(user: User, text: str) -> dict[str, Any]:
    return _event("comment", user.name, {"edited": False, "hidden": False, "latest": {"raw": text, "html": ""}})


def _summary(repo: Repo, found: Discussion) -> dict[str, Any]:
    return {
        "num": found.num,
        "title": found.title,
        "status": found.status,
        "author": {"name": found.author, "type": "user"},
        "createdAt": found.created_at,
        "isPullRequest": found.base is not None,
        "repo": {"name": repo.id, "type": repo.kind},
    }


@route("GET", _REPO + "/discussions")
def list_discussions(call: Call) -> Any:
    repo, query = call.repo(), call.request.query
    kind, status, author = (query.get(name, [""])[0] for name in ("type", "status", "author"))
    found = [
        _summary(repo, each)
        for each in reversed(repo.discussions)
        if kind in ("", "all", "pull_request" if each.base else "discussion")
        and (status in ("", "all") or (status == "open") == (each.status in ("open", "draft")))
        and author in ("", each.author)
    ]
    return {"discussions": found, "count": len(found), "start": 0, "numClosedDiscussions": 0}


@route("POST", _REPO + "/discussions")
def create_discussion(call: Call) -> Any:
    repo, asked, user = call.repo(), call.request.json(), call.signed_in
    base = repo.resolve(MAIN).oid if asked.get("pullRequest") else None
    found = repo.open_discussion(asked["title"], user.name, base)
    found.status = "draft" if base else "open"
    found.events.append(_comment(user, asked["description"]))
    return {"num": found.num}


@route("GET", _REPO + r"/discussions/(?P<num>\d+)")
def discussion_details(call: Call) -> Any:
    repo = call.repo()
    found = repo.discussion(int(call.parts["num"]))
    details = {**_summary(repo, found), "events": found.events}
    if found.base is None:
        return details
    is_done = found.status == "merged"
    return details | {
        "changes": {"base": MAIN, "mergeCommitId": found.merge_commit},
        "filesWithConflicts": [] if is_done else repo.conflicts(found),
        "diff": repo.diff(found) if call.request.asks("diff") else "",
    }


@route("POST", _REPO + r"/discussions/(?P<num>\d+)/comment")
def comment(call: Call) -> Any:
    found = call.repo().discussion(int(call.parts["num"]))
    found.events.append(_comment(call.signed_in, call.request.json()["comment"]))
    return {"newMessage": found.events[-1]}


@route("POST", _REPO + r"/discussions/(?P<num>\d+)/comment/(?P<event>[0-9a-f]+)/edit")
def edit_comment(call: Call) -> Any:
    found = call.repo().discussion(int(call.parts["num"]))
    event = next((each for each in found.events if each["id"] == call.parts["event"]), None)
    if event is None or event["type"] != "comment":
        raise Refusal(404, "no such comment")
    if event["author"]["name"] != call.signed_in.name:
        raise Refusal(403, "You can only edit your own comments")
    event["data"] |= {"edited": True, "latest": {"raw": call.request.json()["content"], "html": ""}}
    return {"updatedComment": event}


def _own_discussion(call: Call) -> Discussion:
    """The discussion of the path, for its author and for members."""
    found = call.repo().discussion(int(call.parts["num"]))
    call.repo(write=found.author != call.signed_in.name)
    return found


@route("POST", _REPO + r"/discussions/(?P<num>\d+)/status")
def change_status(call: Call) -> Any:
    found, asked = _own_discussion(call), call.request.json()
    found.status = asked["status"]
    if asked.get("comment"):
        found.events.append(_comment(call.signed_in, asked["comment"]))
    found.events.append(_event("status-change", call.signed_in.name, {"status": found.status}))
    return {"newStatus": found.events[-1]}


@route("POST", _REPO + r"/discussions/(?P<num>\d+)/title")
def change_title(call: Call) -> Any:
    found, title = _own_discussion(call), call.request.json()["title"]
    found.events.append(_event("title-change", call.signed_in.name, {"from": found.title, "to": title}))
    found.title = title
    return {"newTitle": found.events[-1]}


@route("POST", _REPO + r"/discussions/(?P<num>\d+)/merge")
def merge(call: Call) -> Any:
    repo = call.repo(write=True)
    found = repo.discussion(int(call.parts["num"]))
    repo.merge(found, call.signed_in.name)
    if text := call.request.json().get("comment"):
        found.events.append(_comment(call.signed_in, text))
    found.events.append(_event("status-change", call.signed_in.name, {"status": "merged"}))
    return {}


# -- jobs and buckets ---------------------------------------------------------------------------------------------------------


def _job(call: Call) -> str:
    """The job of the path; only who started it sees it."""
    number = call.parts["number"]
    job = call.store.jobs.by_id.get(number)
    if job is None or job.owner != call.signed_in.name:
        raise Refusal(404, "Job not found")
    return number


@route("POST", r"/api/jobs/(?P<namespace>[^/]+)")
def run_job(call: Call) -> Any:
    return call.store.jobs.post(call.request.json(), call.signed_in.name)


@route("GET", r"/api/jobs/(?P<namespace>[^/]+)/(?P<number>[0-9a-f]+)")
def inspect_job(call: Call) -> Any:
    return call.store.jobs.ask(_job(call))


@route("GET", r"/api/jobs/(?P<namespace>[^/]+)/(?P<number>[0-9a-f]+)/logs")
def job_logs(call: Call) -> Any:
    return Answer(call.store.jobs.log(_job(call)), headers={"Content-Type": "text/event-stream"})


@route("POST", r"/api/jobs/(?P<namespace>[^/]+)/(?P<number>[0-9a-f]+)/cancel")
def cancel_job(call: Call) -> Any:
    job = call.store.jobs.by_id[_job(call)]
    job.stage = "CANCELED" if job.stage == "RUNNING" else job.stage
    return {}


@route("GET", r"/api/buckets/(?P<id>[^/]+/[^/]+)/tree/(?P<prefix>[^/]+)")
def bucket_tree(call: Call) -> Any:
    return call.store.jobs.files(call.parts["id"], call.parts["prefix"])


@route("GET", r"/buckets/(?P<id>[^/]+/[^/]+)/resolve/(?P<path>[^/]+)")
def bucket_file(call: Call) -> Any:
    return Answer(call.store.jobs.buckets[call.parts["id"]][call.parts["path"]])
