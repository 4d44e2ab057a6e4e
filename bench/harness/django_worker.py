"""Django's own cache backends as a contestant: the protocol of worker.mjs, in Python.

Argument: JSON {"backend": a name of BACKENDS, "size", "values": path of a JSON list, "directory", "ports", "options"}.
"""

import json
import sys
import time
from itertools import accumulate
from random import Random

from django.conf import settings

settings.configure()

from django.core.cache.backends.filebased import FileBasedCache  # noqa: E402
from django.core.cache.backends.locmem import LocMemCache  # noqa: E402
from django.core.cache.backends.memcached import PyLibMCCache, PyMemcacheCache  # noqa: E402

CALIBRATION_MS = 4
KEYS_AT_ONCE = 100


def make(setup):
    size = setup["size"]
    at_capacity = setup.get("options", {}).get("atCapacity", False)
    params = {"TIMEOUT": 300, "OPTIONS": {"MAX_ENTRIES": size if at_capacity else size * 2}}
    return BACKENDS[setup["backend"]](setup, params)


def on_memcached(cache_class):
    """As Django comes: the library's own defaults, texts stored as they are."""

    def make_it(setup, _):
        location = "127.0.0.1:%d" % setup["ports"]["memcached"]
        return cache_class(location, {"TIMEOUT": 3600, "KEY_PREFIX": setup["backend"]})

    return make_it


BACKENDS = {
    "locmem": lambda setup, params: LocMemCache("bench", params),
    "filebased": lambda setup, params: FileBasedCache(setup["directory"], params),
    "pymemcache": on_memcached(PyMemcacheCache),
    "pylibmc": on_memcached(PyLibMCCache),
}


def fill(cache, size, values):
    # Each set on files lists the whole directory; filling with that left in would take most of the run.
    cull = getattr(cache, "_cull", None)
    cache._cull = lambda: None
    for n in range(size):
        cache.set("user:%d" % n, values[n % len(values)], 300)
    cache._cull = cull
    for n in range(0, size, max(1, size // 50)):
        if cache.get("user:%d" % n) != values[n % len(values)]:
            raise AssertionError("gave back something else for user:%d" % n)


def asked_order(size):
    # As askedOrder() in samples.mjs: Zipf's law, spread over the whole range.
    random = Random(7)
    spread = list(range(size))
    random.shuffle(spread)
    weights = list(accumulate(1 / (n + 1) for n in range(size)))
    return random.choices(spread, cum_weights=weights, k=max(2**17, size))


class Operations:
    def __init__(self, cache, size, values):
        self.cache = cache
        self.size = size
        self.values = values
        self.order = asked_order(size)
        self.at = 0
        self.fresh = size

    def _next(self):
        if self.at == len(self.order):
            self.at = 0
        self.at += 1
        return self.order[self.at - 1]

    def get(self, count):
        get = self.cache.get
        for _ in range(count):
            if get("user:%d" % self._next()) is None:
                raise AssertionError("a hit was a miss")

    get16 = get

    def set(self, count):
        cache_set, values = self.cache.set, self.values
        for _ in range(count):
            n = self._next()
            cache_set("user:%d" % n, values[n % len(values)], 300)

    def mix(self, count):
        cache_get, cache_set, values = self.cache.get, self.cache.set, self.values
        for i in range(count):
            n = self._next()
            if i % 10 == 0:
                cache_set("user:%d" % n, values[n % len(values)], 300)
            else:
                cache_get("user:%d" % n)

    def getMany(self, count):
        get_many, size = self.cache.get_many, self.size
        for _ in range(count):
            first = self._next()
            keys = ["user:%d" % ((first + i) % size) for i in range(KEYS_AT_ONCE)]
            if len(get_many(keys)) != KEYS_AT_ONCE:
                raise AssertionError("a hit was a miss")

    def setNew(self, count):
        for _ in range(count):
            self.fresh += 1
            self.cache.set("user:%d" % self.fresh, self.values[self.fresh % len(self.values)], 300)

    def getOrSetHit(self, count):
        for _ in range(count):
            self.cache.get_or_set("user:%d" % self._next(), None, 300)

    def getOrSetMiss(self, count):
        for _ in range(count):
            self.fresh += 1
            value = self.values[self.fresh % len(self.values)]
            self.cache.get_or_set("user:%d" % self.fresh, lambda: value, 300)


LATENCIES = {"getLatency": "get", "setLatency": "set"}


def latency(operation, ms):
    # As latency() in traffic.mjs.
    took = []
    started = before = time.perf_counter()
    while (before - started) * 1000 < ms:
        operation(1)
        after = time.perf_counter()
        took.append(after - before)
        before = after
    return {"p50": sorted(took)[len(took) // 2] * 1e6}


batches = {}


def timed(name, operation, ms, clock):
    batch, count, spent = batches.get(name, 1), 0, 0.0
    while spent < ms:
        started, cpu_started = time.perf_counter(), time.process_time()
        operation(batch)
        took = (time.perf_counter() - started) * 1000
        if clock == "cpu":
            took = min(took, (time.process_time() - cpu_started) * 1000)
        count += batch
        spent += took
        if took < CALIBRATION_MS:
            batch *= 2
    batches[name] = batch
    return {"count": count, "ms": spent}


def measured(operations, name, ms, clock):
    if name in LATENCIES:
        return latency(getattr(operations, LATENCIES[name]), ms)
    return timed(name, getattr(operations, name), ms, clock)


def answer(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main():
    setup = json.loads(sys.argv[1])
    with open(setup["values"]) as source:
        values = json.load(source)
    cache = make(setup)
    fill(cache, setup["size"], values)
    operations = Operations(cache, setup["size"], values)
    answer({"ready": True})
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer(measured(operations, command["op"], command["ms"], setup["clock"]))
        except Exception as error:  # the parent prints it and goes on
            answer({"error": repr(error)})


main()
