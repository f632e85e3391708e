"""Run a function in killable worker processes: each task returns a Future and is bounded in time and memory.

A page can be built to hold a parser for minutes, or to make it eat all memory. So
nothing of a page is parsed in the process that crawls or serves: a worker that passes a limit is killed, its task fails with a named
reason, a new worker takes its place, and the other tasks never notice.
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
from contextlib import suppress
from multiprocessing import resource_tracker, util
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from archive.errors import ArchiveError, ExitCode, NotWritableError
from archive.files import Closing
from archive.locale import N_

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerProcess

    from archive.article import Reason
    from archive.parse import Parsed, ParseTask

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

START_SECONDS = 60.0
"""How long a fresh worker may take to import what it needs (2 s on a quiet machine)."""

STARTS = 2
"""How many times in a row a worker is started, before it is said that none can be."""

PATIENCE = 6
"""How many times its seconds a task may take by the clock: on a busy machine it is the others' work that takes long, not the page."""

RECYCLE_MEGABYTES = 700
"""A worker whose peak memory has passed this is replaced after its task: allocators do not give it all back."""


LONGEST_FOLDER = 75
"""Bytes of the path of the folder of temporary files: the path of the fork server's socket is 32 longer, at most 107 (unix(7))."""


class WorkerKilledError(ArchiveError):
    """A task was stopped: `reason` says by which limit, `detail` with what figures."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class NoWorkerError(ArchiveError):
    """No worker process starts, whatever the task."""

    exit_code = ExitCode.NO_WORKERS

    def __init__(self, cause: Exception) -> None:
        message = N_(
            "no process that reads pages can be started ({cause}): free memory, allow more processes (`ulimit -u`), or "
            "see above what ended it"
        )
        super().__init__(message.format(cause=str(cause) or type(cause).__name__))


class _DiedError(Exception):
    """The worker died without passing a limit: killed by the kernel for lack of memory, or by hand."""


class WorkerPool(Closing, Generic[TaskT, ResultT]):
    """Processes that run `function` (importable by name, its task and result picklable) on tasks, `workers` of them at a time.

    `seconds` is the limit of a task's processor time (by the clock it has `PATIENCE` times as long), `megabytes` the address
    space limit of a worker. A Future fails with WorkerKilledError when a limit was passed or the worker died, with NoWorkerError when
    no worker starts. `preload` names modules that the fork server imports once, so that a new worker starts at once.
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
        """Queue the task; the caller bounds how many it has outstanding."""
        future: Future[ResultT] = Future()
        self._tasks.put((task, future))
        return future

    def close(self, *, at_once: bool = False) -> None:
        """Let queued tasks finish, then end the workers; `at_once` cancels what is queued and kills what runs."""
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
        # Child processes, the fork server first, inherit that Ctrl-C is ignored, even while they import.
        with suppress(OSError):  # which `_start` meets again, and tells
            resource_tracker.ensure_running()  # the fork server would start it, which lifts the block
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
                    except _DiedError:  # once more: it need not have been this task that the worker died of
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
        """Return a new worker. Raises NoWorkerError when none starts, twice in a row."""
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
        with theirs:
            try:
                self._process.start()
            except BaseException:
                self._pipe.close()
                raise
        if not self._pipe.poll(START_SECONDS):
            self.kill()
            raise _DiedError(f"not within {START_SECONDS:.0f} s")
        self._receive()

    def run(self, task: TaskT, seconds: float) -> ResultT:
        begun, wait = _processor_seconds(self._process.pid), seconds
        latest = time.monotonic() + PATIENCE * seconds
        try:
            self._pipe.send(task)
        except OSError:
            self.kill()
            raise _DiedError("the worker was gone") from None
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
        """Make a running task fail; may be called from another thread."""
        self._process.kill()

    def kill(self) -> None:
        self.spent = True
        self._process.kill()
        self._process.join()
        self._pipe.close()


def _work(pipe: Connection, function: Callable[[TaskT], ResultT], megabytes: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it ends us through the pipe
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    pipe.send(("up", None, 0.0))
    while True:
        try:
            task = pipe.recv()
        except EOFError:  # the parent is gone
            return
        try:
            answer: tuple[str, object, float] = ("done", function(task), _peak_megabytes())
        except MemoryError:
            answer = ("memory", f"more than {megabytes} MB", 0.0)
        except Exception as error:  # noqa: BLE001 - whatever a page provokes is data, reported by name
            answer = ("error", f"{type(error).__name__}: {error}"[:300], 0.0)
        pipe.send(answer)


def _processor_seconds(process: int | None) -> float:
    """Return the processor time of a process and its threads, from proc(5); elsewhere, the elapsed time."""
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
"""Free space that the fork server needs in the folder of temporary files: the model of languages is unpacked there (68 MB) and removed."""


def read_response(task: ParseTask) -> Parsed:
    """Read a response in this process (`archive.parse.parse.parse_task`); nothing is raised for bad input."""
    from archive.parse.parse import parse_task

    return parse_task(task)


def parse_pool(
    *, workers: int = 2, seconds: float = SECONDS, megabytes: int = MEGABYTES
) -> WorkerPool[ParseTask, Parsed]:
    """Start processes that read responses, `workers` at a time, each bounded to so many seconds a task and megabytes of address space.

    Raises:
        NotWritableError: no folder of temporary files has the room without which no worker could start.
    """
    _require_temporary_room()
    return WorkerPool(read_response, workers=workers, seconds=seconds, megabytes=megabytes, preload=PRELOADED)


def _choose_socket_folder() -> None:
    """Let multiprocessing make its folder in /tmp where $TMPDIR is too long a path for a socket; Python does from 3.14 on."""
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
