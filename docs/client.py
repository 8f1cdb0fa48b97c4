"""Upload a folder of pictures and wait for their thumbnails: URL=… TOKEN=… python client.py FOLDER WORKSPACE."""

import hashlib
import os
import sys
import time
from pathlib import Path

import requests

API = os.environ.get("URL", "http://127.0.0.1:8000") + "/api/v1/"
site = requests.Session()
site.headers["Authorization"] = f"Token {os.environ['TOKEN']}"
folder, workspace = Path(sys.argv[1]), sys.argv[2]
files = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in sorted(folder.rglob("*")) if path.is_file()}
sums, waiting, bad = list(files), {}, 0

for start in range(0, len(sums), 1000):  # what is there already need not be sent
    asked = {"workspace": workspace, "sha256": sums[start : start + 1000]}
    (answer := site.post(f"{API}photos/check/", json=asked, timeout=60)).raise_for_status()
    for known in answer.json()["existing"]:
        print("there already:", files.pop(known).name)
for path in files.values():
    with path.open("rb") as file:
        answer = site.post(f"{API}photos/", {"workspace": workspace}, files={"file": file}, timeout=60)
    if answer.ok:
        waiting[answer.json()["id"]] = path.name
    else:
        bad += 1
        print("refused:", path.name, answer.json()["error"]["message"])
while waiting:
    time.sleep(0.5)
    (answer := site.get(f"{API}photos/status/?ids={','.join([*waiting][:200])}", timeout=60)).raise_for_status()
    for photo in answer.json()["results"]:
        if (status := photo["thumbnail_status"]) in {"complete", "failed"}:
            bad += status == "failed"
            print(f"{status}:", waiting.pop(photo["id"]), photo["thumbnail_error"] or photo["thumbnail_url"])
sys.exit(bad > 0)
