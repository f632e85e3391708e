"""Run a function in killable worker processes: each task returns a Future and is bounded in time and memory.

A page can be built to occupy a parser for minutes or to exhaust memory, so no page is parsed in the process that crawls or serves. A worker
that exceeds a limit is killed and replaced, and its task fails with a named reason; other tasks are not affected.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import queue
import resource
import signal
import tempfile
import threading
import time
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker, util
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from archive.errors import ArchiveError, ExitCode, NotWritableError
from archive.files import Closing
from archive.locale import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess

    from archive.article import Reason
    from archive.parse import Parsed, ParseTask

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

START_SECONDS = 60.0
"""The time limit for a new worker's imports, which take 2 s on an idle machine."""

STARTS = 2
"""Consecutive attempts to start a worker before NoWorkerError is raised."""

PATIENCE = 6
"""The wall-clock limit of a task as a multiple of its CPU limit: on a busy machine, other processes delay it."""

RECYCLE_MEGABYTES = 700
"""A worker whose peak memory exceeded this is replaced after its task, because allocators do not return all memory."""


LONGEST_FOLDER = 75
"""The longest path of the folder of temporary files, in bytes: that of the fork server's socket is 32 longer, and at most 107 (unix(7))."""


class WorkerKilledError(ArchiveError):
    """A task was stopped: `reason` names the limit, `detail` has the figures."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class NoWorkerError(ArchiveError):
    """No worker process can be started."""

    exit_code = ExitCode.NO_WORKERS

    def __init__(self, cause: Exception) -> None:
        message = N_(
            "no worker process can be started ({cause}): free memory, allow more processes (`ulimit -u`), or see "
            "above what ended it"
        )
        super().__init__(message.format(cause=str(cause) or type(cause).__name__))


class _DiedError(Exception):
    """The worker died without exceeding a limit: it was killed by the kernel for lack of memory, or by a user."""


class WorkerPool(Closing, Generic[TaskT, ResultT]):
    """A pool of `workers` processes that run `function`, which must be importable by name, with picklable tasks and results.

    `seconds` limits the CPU time of a task (its wall-clock limit is `PATIENCE` times as long), `megabytes` the address space of a
    worker. A Future fails with WorkerKilledError when a limit was exceeded or the worker died, with NoWorkerError when no worker can be
    started. `preload` names modules that the fork server imports once, so that new workers start quickly.
    """

    def __init__(
        self,
        function: Callable[[TaskT], ResultT],
        *,
        workers: int = 2,
        seconds: float = 20.0,
        megabytes: int = 2048,
        preload: tuple[str, ...] = (),
    ) -> None:
        self._function = function
        self._seconds = seconds
        self._megabytes = megabytes
        _choose_socket_folder()
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([*preload, __name__])
        self._tasks: queue.SimpleQueue[tuple[TaskT, Future[ResultT]] | None] = queue.SimpleQueue()
        self._workers: dict[str, _Worker[TaskT, ResultT]] = {}
        self._ended = False
        self._threads = [threading.Thread(target=self._serve, name=f"worker-{n}", daemon=True) for n in range(workers)]
        for thread in self._threads:
            thread.start()

    def submit(self, task: TaskT) -> Future[ResultT]:
        """Queue the task; the caller limits the number of pending tasks."""
        future: Future[ResultT] = Future()
        self._tasks.put((task, future))
        return future

    def close(self, *, at_once: bool = False) -> None:
        """Finish the queued tasks, then end the workers; `at_once` cancels queued tasks and kills running ones."""
        if at_once:
            self._ended = True
            with suppress(queue.Empty):
                while True:
                    entry = self._tasks.get_nowait()
                    if entry is not None:
                        entry[1].cancel()
        for _ in self._threads:
            self._tasks.put(None)
        if at_once:
            for worker in list(self._workers.values()):
                worker.end()
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        # Child processes, including the fork server, inherit that Ctrl-C is ignored, even during their imports.
        with suppress(OSError), _safe_path():  # `_start` meets the same error and reports it
            resource_tracker.ensure_running()  # otherwise the fork server starts it and unblocks the signal
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        worker: _Worker[TaskT, ResultT] | None = None
        try:
            while (entry := self._tasks.get()) is not None:
                task, future = entry
                if not future.set_running_or_notify_cancel():
                    continue
                try:
                    try:
                        worker = worker or self._start()
                        result = worker.run(task, self._seconds)
                    except _DiedError:  # try again: another task may have caused the death
                        if self._ended:
                            raise
                        worker = self._start()
                        result = worker.run(task, self._seconds)
                    future.set_result(result)
                except (WorkerKilledError, NoWorkerError, _DiedError) as error:
                    died = isinstance(error, _DiedError)
                    future.set_exception(WorkerKilledError("error", f"twice {error}") if died else error)
                except Exception as error:  # noqa: BLE001 - a pickling error of one task must not end the thread
                    future.set_exception(WorkerKilledError("error", f"{type(error).__name__}: {error}"[:300]))
                    if worker is not None:
                        worker.kill()
                if worker is not None and worker.spent:
                    worker.kill()
                    worker = None
        finally:
            if worker is not None:
                worker.kill()

    def _start(self) -> _Worker[TaskT, ResultT]:
        """Return a new worker. Raises NoWorkerError after STARTS failed attempts."""
        problem: Exception = _DiedError()
        for _ in range(STARTS):
            try:
                worker = _Worker(self._context, self._function, self._megabytes)
            except (_DiedError, OSError, EOFError) as error:
                problem = error
            else:
                self._workers[threading.current_thread().name] = worker
                return worker
        raise NoWorkerError(problem)


class _Worker(Generic[TaskT, ResultT]):
    """One process and the pipe to it."""

    def __init__(
        self, context: multiprocessing.context.ForkServerContext, function: Callable[[TaskT], ResultT], megabytes: int
    ) -> None:
        self._pipe, theirs = context.Pipe()
        self._process: ForkServerProcess = context.Process(
            target=_work, args=(theirs, function, megabytes), daemon=True
        )
        self.spent = False
        with theirs, _safe_path():
            try:
                self._process.start()
            except BaseException:
                self._pipe.close()
                raise
        if not self._pipe.poll(START_SECONDS):
            self.kill()
            raise _DiedError(f"the worker did not start within {START_SECONDS:.0f} s")
        self._receive()

    def run(self, task: TaskT, seconds: float) -> ResultT:
        begun, wait = _processor_seconds(self._process.pid), seconds
        latest = time.monotonic() + PATIENCE * seconds
        try:
            self._pipe.send(task)
        except OSError:
            self.kill()
            raise _DiedError("the worker had exited") from None
        while not self._pipe.poll(wait):
            left = seconds - (_processor_seconds(self._process.pid) - begun)
            if left <= 0 or time.monotonic() >= latest:
                self.kill()
                raise WorkerKilledError("timeout", f"not done after {seconds:g} s")
            wait = max(left, 0.05)
        verdict, value, peak_megabytes = self._receive()
        self.spent |= peak_megabytes > RECYCLE_MEGABYTES
        if verdict == "done":
            return value  # type: ignore[return-value]
        self.kill()
        raise WorkerKilledError("memory" if verdict == "memory" else "error", str(value))

    def _receive(self) -> tuple[str, object, float]:
        try:
            return self._pipe.recv()  # type: ignore[no-any-return]
        except (EOFError, OSError):
            self._process.join(5)
            self.kill()
            raise _DiedError(f"the worker died (exit code {self._process.exitcode})") from None

    def end(self) -> None:
        """Make the running task fail; may be called from another thread."""
        self._process.kill()

    def kill(self) -> None:
        self.spent = True
        self._process.kill()
        self._process.join()
        self._pipe.close()


_SAFE_PATH = "PYTHONSAFEPATH"
_environment = threading.Lock()


@contextmanager
def _safe_path() -> Iterator[None]:
    """Make interpreters that multiprocessing starts in the block import nothing from the current folder, perhaps a stranger's archive."""
    with _environment:
        given = os.environ.get(_SAFE_PATH)
        os.environ[_SAFE_PATH] = "1"
        try:
            yield
        finally:
            del os.environ[_SAFE_PATH]
            if given is not None:
                os.environ[_SAFE_PATH] = given


def _work(pipe: Connection, function: Callable[[TaskT], ResultT], megabytes: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C, and ends this process through the pipe
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    with suppress(EOFError, ConnectionError):  # the parent has ended
        pipe.send(("up", None, 0.0))
        while True:
            pipe.send(_answer(function, pipe.recv(), megabytes))


def _answer(function: Callable[[TaskT], ResultT], task: TaskT, megabytes: int) -> tuple[str, object, float]:
    try:
        return "done", function(task), _peak_megabytes()
    except MemoryError:
        return "memory", f"more than {megabytes} MB", 0.0
    except Exception as error:  # noqa: BLE001 - any error that a page causes is reported as a result
        return "error", f"{type(error).__name__}: {error}"[:300], 0.0


def _processor_seconds(process: int | None) -> float:
    """Return the CPU time of a process and its threads from proc(5), or the elapsed time where there is no /proc."""
    try:
        _, _, figures = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")
    except OSError:
        return time.monotonic()
    user, system = figures.split()[11:13]  # fields 14 and 15; the third comes first after the name
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


SECONDS = 20.0
MEGABYTES = 2048
PRELOADED = ("archive.parse.warm",)
TEMPORARY_BYTES = 80 << 20
"""Free space that the fork server needs in the folder of temporary files, where it unpacks the language model (68 MB) temporarily."""


def read_response(task: ParseTask) -> Parsed:
    """Parse a response in this process (`archive.parse.parse.parse_task`); never raises for bad input."""
    from archive.parse.parse import parse_task

    return parse_task(task)


def parse_pool(
    *, workers: int = 2, seconds: float = SECONDS, megabytes: int = MEGABYTES
) -> WorkerPool[ParseTask, Parsed]:
    """Return a pool that parses responses in `workers` processes, limited to `seconds` per task and `megabytes` of address space each.

    Raises:
        NotWritableError: the folder of temporary files lacks the space that a worker needs to start.
    """
    _require_temporary_room()
    return WorkerPool(read_response, workers=workers, seconds=seconds, megabytes=megabytes, preload=PRELOADED)


def _choose_socket_folder() -> None:
    """Make multiprocessing use /tmp if $TMPDIR is too long for the path of a socket; Python 3.14 does so itself."""
    given = tempfile.gettempdir()
    if len(os.fsencode(given)) <= LONGEST_FOLDER:
        return
    tempfile.tempdir = "/tmp"  # noqa: S108 - mkdtemp makes a folder of our own there
    try:
        util.get_temp_dir()  # made once in a process
    except OSError as error:
        raise NotWritableError(Path(tempfile.tempdir), error) from error
    finally:
        tempfile.tempdir = given


def _require_temporary_room() -> None:
    try:
        folder = Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise NotWritableError(Path("/tmp"), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) from error  # noqa: S108
    space = os.statvfs(folder)
    if space.f_bavail * space.f_frsize < TEMPORARY_BYTES:
        raise NotWritableError(folder, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
