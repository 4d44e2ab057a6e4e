"""Writes memcached-placement-vectors.json: on which server of three pools Python's clients put each of 10,000 keys.

Run with a Python that has pymemcache, pylibmc and python-memcached, and with memcached on the PATH. On Debian:

    apt-get install memcached python3-pymemcache python3-pylibmc python3-memcache
    /usr/bin/python3 test/support/memcached-placement-vectors.py

With the name of a file, that one is written instead. test/integration/memcached/placement-vectors.spec.ts holds what
comes out against what is committed.

pymemcache and python-memcached are asked for their choice. pylibmc does not tell, so it stores the keys on real servers,
which are then asked what they have. A server's name decides about its keys, so the addresses are fixed and two runs on one
machine wait for each other.
"""

import fcntl
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

import memcache
import pylibmc
import pymemcache

POOLS = [
    ['127.0.0.1:29701', '127.0.0.1:29702', '127.0.0.1:29703', '127.0.0.1:29704', '127.0.0.1:29705'],
    # The usual port is left out of some names.
    ['127.0.0.2:11211', '127.0.0.1:29702', '127.0.0.1:29703'],
    ['unix:/tmp/memcached-vectors-1.sock', 'unix:/tmp/memcached-vectors-2.sock'],
]
COUNT = 10_000
HERE = os.path.dirname(os.path.abspath(__file__))


def key_of(index):
    """The same in test/unit/memcached/placement.spec.ts."""
    text = format(index * 2654435761 % 2**32, 'x')
    if index % 10 == 9:
        return ':1:\u00e9\u4e2d\U0001f600' + text
    return ':1:' + text * (1 + index % 25)


def pymemcache_places(servers, keys):
    client = pymemcache.HashClient(servers, allow_unicode_keys=True)
    nodes = list(client.hasher.nodes)
    return [nodes.index(client.hasher.get_node(key)) for key in keys]


def python_memcached_places(servers, keys):
    client = memcache.Client(servers)
    hashed = [memcache.serverHashFunction(key.encode()) for key in keys]
    return [client.servers.index(client.buckets[hash_ % len(client.buckets)]) for hash_ in hashed]


def pylibmc_places(servers, keys, behaviors):
    client = pylibmc.Client([path_of(server) or server for server in servers], behaviors=behaviors)
    client.flush_all()
    for key in keys:
        assert client.set(key, b'1')
    where = {}
    for index, server in enumerate(servers):
        for key in stored_on(server):
            where[key] = index
    return [where[key] for key in keys]


def stored_on(server):
    with connected(server) as connection:
        connection.sendall(b'lru_crawler metadump all\r\n')
        dump = b''
        while not dump.endswith(b'END\r\n'):
            dump += connection.recv(65536)
    for line in dump.decode().splitlines():
        if line.startswith('key='):
            yield urllib.parse.unquote(line.split(' ', 1)[0][4:])


def connected(server):
    path = path_of(server)
    if path is None:
        host, port = server.split(':')
        return socket.create_connection((host, int(port)))
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return connection


def path_of(server):
    return server[5:] if server.startswith('unix:') else None


def started(server):
    path = path_of(server)
    user = ['-u', 'nobody'] if os.getuid() == 0 else []
    if path is not None:
        return subprocess.Popen(['memcached', '-s', path, '-a', '777'] + user)
    host, port = server.split(':')
    return subprocess.Popen(['memcached', '-l', host, '-p', port, '-U', '0'] + user)


def wait_for(server):
    for _ in range(100):
        try:
            connected(server).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(server)


def places_of(servers):
    keys = [key_of(index) for index in range(COUNT)]
    processes = [started(server) for server in servers]
    try:
        for server in servers:
            wait_for(server)
        # A process that ended could not listen: another one, with keys of its own, would be asked.
        assert all(process.poll() is None for process in processes), 'the addresses of the pool are in use'
        return {
            'rendezvous': pymemcache_places(servers, keys),
            'modula': pylibmc_places(servers, keys, {}),
            'ketama': pylibmc_places(servers, keys, {'ketama': True}),
            'python-memcached': python_memcached_places(servers, keys),
        }
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def main():
    target = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, 'memcached-placement-vectors.json')
    with open(os.path.join(tempfile.gettempdir(), 'memcached-placement-vectors.lock'), 'w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write(target)


def write(target):
    pools = [
        {
            'servers': servers,
            'places': {name: ''.join(map(str, indices)) for name, indices in places_of(servers).items()},
        }
        for servers in POOLS
    ]
    with open(target, 'w') as file:
        json.dump(pools, file, indent=2)
        file.write('\n')


main()
