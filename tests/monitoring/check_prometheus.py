"""Runs a small job and a real Prometheus beside it, with the shipped configuration:  check_prometheus.py TEMPER_PROGRAM

Every process of the job must be found by the job's file, be scraped, and have its series; every rule must evaluate, every panel of the
dashboard must have data. Afterwards the targets are gone and nothing is left running."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
MONITOR = HERE.parent.parent / "cluster/metrics"
DEADLINE_S = 60


def free_ports(count):
    """The first of `count` ports in a row that nobody has, below those the kernel gives out."""
    for base in range(20000, 30000, count):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(base, base + count):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
                return base
            except OSError:
                continue
    raise SystemExit("no free ports")


def wait_for(what, condition):
    end = time.monotonic() + DEADLINE_S
    last = None
    while time.monotonic() < end:
        try:
            last = condition()
            if last:
                return last
        except (OSError, KeyError) as error:
            last = error
        time.sleep(0.3)
    raise SystemExit(f"not within {DEADLINE_S} s: {what}; last seen: {last}")


class Server:
    def __init__(self, folder, port):
        text = (MONITOR / "prometheus.yml").read_text()
        for old, new in (("../../runs", str(folder)), ("- alerts.yml", f"- {MONITOR}/alerts.yml"), ("refresh_interval: 5s", "refresh_interval: 1s"),
                         ("scrape_interval: 5s", "scrape_interval: 1s"), ("evaluation_interval: 15s", "evaluation_interval: 1s")):
            assert old in text, old
            text = text.replace(old, new)
        (folder / "prometheus.yml").write_text(text)
        self.url = f"http://127.0.0.1:{port}/api/v1/"
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
             f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"], stdout=subprocess.DEVNULL)

    def get(self, path, **query):
        with urllib.request.urlopen(self.url + path + "?" + urllib.parse.urlencode(query), timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        return self.get("query", query=expression)["result"]

    def up(self):
        return {target["labels"]["role"] + target["labels"]["rank"]: target for target in self.get("targets")["activeTargets"]
                if target["health"] == "up"}


def check_series(server):
    for role, series in (("orchestrator", "temper_perf_steps_total"), ("learner", "temper_perf_orders_total"),
                         ("rollout", "temper_perf_tokens_generated_total"), ("reward", "temper_grader_graded_total"),
                         ("reward", "temper_grader_grade_s_count"), ("rollout", "temper_sync_load_s_count")):
        wait_for(f"{series} of {role}", lambda: [r for r in server.query(f'{series}{{run="watched",role="{role}"}}') if float(r["value"][1]) > 0])
    wait_for("a row of RL", lambda: server.query('temper_reward_mean{run="watched",arm="main",stage="rl"}'))
    for role in ("orchestrator", "learner", "rollout", "reward"):
        assert float(server.query(f'temper_sys_rss_bytes{{role="{role}"}}')[0]["value"][1]) > 1e6, role


def check_rules(server):
    def evaluated():
        rules = [rule for group in server.get("rules")["groups"] for rule in group["rules"]]
        return rules if rules and all(rule["health"] == "ok" for rule in rules) else None
    rules = wait_for("evaluation of the rules", evaluated)
    firing = [rule["name"] for rule in rules if rule["state"] == "firing"]
    assert not firing, firing
    return len(rules)


def check_dashboard(server):
    """What a panel asks must be right and, but for what a healthy job has nothing of, have an answer."""
    count = 0
    for panel in json.loads((MONITOR / "grafana.json").read_text())["panels"]:
        for target in panel.get("targets", []):
            expression = re.sub(r"\$(run|arm)", ".*", target["expr"])
            wait_for(f"panel {panel['title']}: {expression}", lambda: server.query(expression))
            count += 1
    return count


def stop(process):
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM) if os.getpgid(process.pid) == process.pid else process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def watch(temper, folder):
    base = free_ports(5)
    settings = [f"run.dir={folder}", "run.name=watched", "sft.steps=100", "rl.steps=4000", "stages=[sft, rl]", "checkpoint.every=2",
                "rl.kl.coef=0.01", f"monitor.prometheus_port={base}"]
    with open(folder / "output.txt", "w", encoding="utf-8") as output:
        job = subprocess.Popen([temper, "launch", str(HERE.parent / "cluster_of_processes/tiny.yaml"), *settings], stdout=output,
                               stderr=subprocess.STDOUT, start_new_session=True)
    (folder / "prometheus_targets").mkdir(exist_ok=True)
    server = Server(folder, base + 4)
    try:
        up = wait_for("four processes that answer", lambda: server.up() if len(server.up()) == 4 else None)
        assert set(up) == {"orchestrator0", "learner1", "rollout2", "reward3"}, set(up)
        check_series(server)
        panels = check_dashboard(server)
        rules = check_rules(server)
        job.send_signal(signal.SIGTERM)
        assert job.wait(60) == 85, job.returncode
        wait_for("the end of the targets", lambda: not server.get("targets")["activeTargets"])
        print(f"prometheus scraped 4 processes; {panels} expressions of the dashboard and {rules} rules have an answer")
    except BaseException:
        print((folder / "output.txt").read_text()[-3000:])
        raise
    finally:
        stop(job)
        stop(server.process)


with tempfile.TemporaryDirectory(prefix="temper_test_prometheus_") as name:
    watch(sys.argv[1], pathlib.Path(name))
