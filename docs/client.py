"""Upload a folder of pictures and wait for their thumbnails: URL=… TOKEN=… python client.py FOLDER WORKSPACE."""

import hashlib
import os
import sys
import time
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter, Retry

API = os.environ.get("URL", "http://127.0.0.1:8000") + "/api/v1/"
site = requests.Session()
site.headers["Authorization"] = f"Token {os.environ['TOKEN']}"  # below: wait as long as 429 and 503 say
site.mount(API, HTTPAdapter(max_retries=Retry(9, status_forcelist=[429, 503], allowed_methods=None)))
folder, workspace = Path(sys.argv[1]), sys.argv[2]
files = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in sorted(folder.rglob("*")) if path.is_file()}
sums, waiting, bad = list(files), {}, 0
for start in range(0, len(sums), 1000):  # what is there already need not be sent
    asked = {"workspace": workspace, "sha256": sums[start : start + 1000]}
    for known in site.post(f"{API}photos/check/", json=asked, timeout=60).json()["existing"]:
        print("there already:", files.pop(known).name)
for path in files.values():
    data, file = {"workspace": workspace}, {"file": (path.name, path.read_bytes())}
    answer = site.post(f"{API}photos/", data, files=file, timeout=60)
    if answer.ok:
        waiting[answer.json()["id"]] = path.name
    else:
        bad += 1
        print("refused:", path.name, answer.json()["error"]["message"])
while waiting:
    time.sleep(0.5)
    (answer := site.get(f"{API}photos/status/?ids={','.join([*waiting][:200])}", timeout=60)).raise_for_status()
    ended = {one["id"]: one for one in answer.json()["results"] if one["thumbnail_status"] in {"complete", "failed"}}
    for key in (*answer.json()["missing"], *ended):
        told = ended.get(key, {"thumbnail_status": "deleted meanwhile", "thumbnail_url": ""})
        bad += told["thumbnail_status"] == "failed"
        print(f"{told['thumbnail_status']}:", waiting.pop(key), told.get("thumbnail_error") or told["thumbnail_url"])
sys.exit(bad > 0)
