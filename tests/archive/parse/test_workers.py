"""The worker pool: results are returned, limits kill workers, the pool continues."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archive.errors import NotWritableError
from archive.parse import workers
from archive.parse.workers import PRELOADED, WorkerKilledError, WorkerPool, parse_pool
from tests.support import PATIENCE

pytestmark = pytest.mark.slow


def behave(task: str) -> str:
    if task == "hang":
        time.sleep(60)
    if task == "spin":
        while True:
            pass
    if task == "wait":
        time.sleep(2)
    if task == "eat":
        return str(len(bytearray(4 << 30)))
    if task == "die":
        os._exit(7)
    if task.startswith("die once "):
        marker = Path(task.removeprefix("die once "))
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    if task == "raise":
        msg = "no such page"
        raise ValueError(msg)
    return task.upper()


@pytest.fixture(scope="module")
def pool():
    with WorkerPool(behave, workers=2, seconds=1.0, megabytes=1024) as pool:
        yield pool


def test_results_come_back_in_the_callers_order(pool):
    futures = [pool.submit(f"page {n}") for n in range(20)]
    assert [f.result(PATIENCE) for f in futures] == [f"PAGE {n}" for n in range(20)]


@pytest.mark.parametrize(
    ("task", "reason"),
    [("hang", "timeout"), ("spin", "timeout"), ("eat", "memory"), ("die", "error"), ("raise", "error")],
)
def test_a_task_over_its_limit_fails_by_name_and_the_next_one_succeeds(pool, task, reason):
    with pytest.raises(WorkerKilledError) as caught:
        pool.submit(task).result(PATIENCE)
    assert caught.value.reason == reason
    assert pool.submit("next").result(PATIENCE) == "NEXT"


def test_a_task_whose_worker_was_killed_from_outside_is_tried_once_more(pool, tmp_path):
    task = f"die once {tmp_path / 'died'}"
    assert pool.submit(task).result(PATIENCE) == task.upper()
    with pytest.raises(WorkerKilledError, match="twice"):
        pool.submit("die").result(PATIENCE)


def test_a_hanging_task_does_not_hold_up_the_others(pool):
    hang = pool.submit("hang")
    assert pool.submit("quick").result(PATIENCE) == "QUICK"
    assert not hang.done()
    with pytest.raises(WorkerKilledError):
        hang.result(PATIENCE)


def test_a_task_that_had_no_processor_for_longer_than_its_limit_is_not_over_it(pool):
    assert pool.submit("wait").result(PATIENCE) == "WAIT"


@pytest.mark.timing
def test_a_task_that_is_busy_is_ended_long_before_one_that_only_waits(pool):
    started = time.monotonic()
    with pytest.raises(WorkerKilledError):
        pool.submit("spin").result(PATIENCE)
    busy = time.monotonic() - started
    with pytest.raises(WorkerKilledError):
        pool.submit("hang").result(PATIENCE)
    assert time.monotonic() - started - busy > 5


def models_held(_task: None) -> int:
    """Tell how many models of languages this process has loaded."""
    from archive.extract.metadata import language

    return language._identifier.cache_info().currsize


def print_what_a_new_worker_holds() -> None:
    with WorkerPool(models_held, workers=1, preload=PRELOADED) as pool:
        print(pool.submit(None).result())


def upper_in_a_worker() -> None:
    with WorkerPool(behave, workers=1) as pool:
        print(pool.submit("page").result())


def test_a_worker_imports_nothing_from_the_current_folder(tmp_path):
    """The folder may be a stranger's archive, with modules of the same names as Python's."""
    for name in ("multiprocessing", "queue", "selectors", "archive"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'imported')!r}, 'a').write('{name} ')")
    script = tmp_path / "bin" / "script.py"
    script.parent.mkdir()
    script.write_text(
        "from tests.archive.parse.test_workers import upper_in_a_worker as main\nif __name__ == '__main__': main()"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, str(script)]  # as the `warraq` that pip installs, whose first path is that of its script
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout == "PAGE\n", done.stderr
    assert not (tmp_path / "imported").exists()


@pytest.mark.slow
def test_a_new_worker_holds_what_the_first_page_would_load():
    # in a program of its own: the fork server of this one may have begun without the module
    code = "from tests.archive.parse.test_workers import print_what_a_new_worker_holds as main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout == "1\n"


@pytest.mark.slow
@pytest.mark.parametrize("length", [workers.LONGEST_FOLDER, workers.LONGEST_FOLDER + 1, 200])
def test_a_folder_of_temporary_files_with_a_long_path_keeps_no_worker_from_starting(tmp_path, length):
    folder = tmp_path / "t"
    folder = folder / ("x" * max(length - len(str(folder)) - 1, 1))
    folder.mkdir(parents=True)
    code = (
        "from archive.parse.workers import WorkerPool\nwith WorkerPool(len) as pool: print(pool.submit('ab').result())"
    )
    environment = {**os.environ, "TMPDIR": str(folder)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "2\n"


@pytest.mark.slow
def test_workers_whose_parent_was_killed_end_without_a_word():
    code = (
        "import os, time\nfrom archive.parse.workers import WorkerPool\n"
        "pool = WorkerPool(time.sleep, workers=2)\n"
        "[task.result() for task in [pool.submit(0), pool.submit(0)]]\n"
        "pool.submit(0.5)\ntime.sleep(0.2)\nos.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (-9, "")


@pytest.mark.slow
def test_where_no_worker_starts_each_task_says_so():
    code = (
        "import multiprocessing\nmultiprocessing.set_executable('/bin/false')\n"
        "from archive.parse.workers import NoWorkerError, WorkerPool\n"
        "with WorkerPool(len, workers=1) as pool:\n"
        "    tasks = [pool.submit('ab'), pool.submit('c')]\n"
        "    print([(type(task.exception()).__name__, int(task.exception().exit_code)) for task in tasks])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout == "[('NoWorkerError', 18), ('NoWorkerError', 18)]\n"


def test_a_worker_that_starts_at_the_second_attempt_does_its_task(monkeypatch):
    problems = [OSError("no process"), None]
    begin = workers._Worker.__init__

    def flaky(self, *arguments):
        if problem := problems.pop():
            raise problem
        begin(self, *arguments)

    problems.reverse()
    monkeypatch.setattr(workers._Worker, "__init__", flaky)
    with WorkerPool(behave, workers=1) as pool:
        assert pool.submit("page").result(PATIENCE) == "PAGE"


def test_a_full_folder_of_temporary_files_is_named_before_a_page_is_lost_to_it(monkeypatch):
    monkeypatch.setattr(workers, "TEMPORARY_BYTES", 1 << 60)
    with pytest.raises(NotWritableError, match="No space left"):
        parse_pool()


@pytest.mark.slow
@pytest.mark.parametrize(
    "modules",
    [
        "archive.cli, archive.archive, archive.web",
        "crawler.commands.crawl, crawler.commands.addsite, crawler.commands.backfill, crawler.extensions, crawler.spiders.news",
    ],
    ids=["commands", "crawl"],
)
def test_what_reads_pages_is_not_loaded_where_workers_read_them(modules):
    heavy = ("archive.extract", "trafilatura", "numpy", "htmldate")
    code = f"import sys, {modules}; print(*(name for name in {heavy} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
