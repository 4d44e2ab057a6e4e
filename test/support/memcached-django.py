"""Does what it is told on standard input with Django's cache, and says what came out, both in JSON.

    {"backend": "PyMemcacheCache", "location": ["127.0.0.1:11211"], "settings": {}, "calls": [["get", ["key"]]]}

Bytes are written as {"bytes": "hex"}.
"""

import json
import sys

from django.conf import settings


def main():
    task = json.load(sys.stdin)
    caches = {
        'default': {
            'BACKEND': 'django.core.cache.backends.memcached.' + task['backend'],
            'LOCATION': task['location'],
            **task.get('settings', {}),
        }
    }
    settings.configure(CACHES=caches)
    from django.core.cache import cache

    answers = [getattr(cache, name)(*revived(args)) for name, args in task['calls']]
    json.dump(answers, sys.stdout, default=lambda value: {'bytes': value.hex()})


def revived(args):
    return [bytes.fromhex(arg['bytes']) if isinstance(arg, dict) and 'bytes' in arg else arg for arg in args]


main()
