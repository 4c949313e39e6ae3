"""
One Elasticsearch node from Elastic's own distribution, which it only reads.

It answers when its shards are back: HTTP does earlier. Elasticsearch refuses to run as
root; then it runs as the user nobody, whom its folders belong to.
"""

import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from deploy.local.downloads import elasticsearch_home
from deploy.local.failures import LocalServiceFailed
from deploy.local.java import java_for_elasticsearch
from deploy.local.ports import free_port
from deploy.local.server import BRIEF_JAVA, Server

NOBODY: Final = 65_534
AS_NOBODY: Final = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
ANSWER_S: Final = 5.0
HEAP_MIB: Final = 512

SETTINGS: Final = """\
cluster.name: runfold-local
node.name: local
path.data: {folder}/data
path.logs: {folder}/logs
network.host: 127.0.0.1
http.port: {port}
transport.port: {transport}
discovery.type: single-node
xpack.security.enabled: false
# Tests make many small indices, drop them by pattern, and run on disks that are nearly full.
cluster.max_shards_per_node: 10000
action.destructive_requires_name: false
cluster.routing.allocation.disk.threshold_enabled: false
"""


class ElasticsearchServer(Server):
    name = "Elasticsearch"

    def __init__(self, folder: Path, port: int = 0, *, brief: bool = False) -> None:
        super().__init__(folder, port, brief=brief)
        self._transport = free_port()
        self.heap_mib = HEAP_MIB

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        return self.url

    def answers(self) -> bool:
        asked = f"{self.url}/_cluster/health?wait_for_status=yellow&timeout=1s"
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy does not know this machine
        try:
            with direct.open(asked, timeout=ANSWER_S) as answer:
                return json.load(answer).get("timed_out") is False
        except (OSError, urllib.error.URLError, ValueError):
            return False

    def _prepare(self) -> tuple[Sequence[str], Mapping[str, str]]:
        home = elasticsearch_home()
        config = self.folder / "config"
        if not config.exists():
            shutil.copytree(home / "config", config)
        settings = SETTINGS.format(folder=self.folder, port=self.port, transport=self._transport)
        (config / "elasticsearch.yml").write_text(settings, encoding="utf-8")
        options = [f"-Xms{self.heap_mib}m", f"-Xmx{self.heap_mib}m", *([BRIEF_JAVA] if self._brief else [])]
        (config / "jvm.options.d" / "local.options").write_text("\n".join(options) + "\n", encoding="utf-8")
        for name in ("data", "logs", "tmp"):
            (self.folder / name).mkdir(exist_ok=True)
        variables = {
            "ES_JAVA_HOME": str(java_for_elasticsearch()),
            "ES_PATH_CONF": str(config),
            "ES_TMPDIR": str(self.folder / "tmp"),
        }
        return [str(home / "bin" / "elasticsearch")], variables

    def _as_whom(self) -> Sequence[str]:
        if os.geteuid() != 0:
            return ()
        if not shutil.which("setpriv"):
            raise LocalServiceFailed("Elasticsearch refuses to run as root: be another user, or install util-linux")
        home = elasticsearch_home()
        for folder in (home, *home.parents, self.folder, *self.folder.parents):
            if not folder.stat().st_mode & 0o001:
                raise LocalServiceFailed(
                    f"Elasticsearch refuses to run as root, and {folder} is closed to other users: "
                    "choose other folders with RUNFOLD_LOCAL_CACHE and --dir, or be another user"
                )
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        return AS_NOBODY
