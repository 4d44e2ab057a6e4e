/**
 * What the flags of a payload mean: the type of its bytes.
 *
 * The low bits are the ones that Python's memcached clients (pymemcache, pylibmc, python-memcached) write, so text,
 * integers and bytes are read by Django as they are. Bits from 256 up are this package's own.
 */

/** Raw bytes, given back as a `Buffer`. */
export const FLAG_BYTES = 0;
/** A Python pickle. Read only where a pickle serializer is configured; a miss everywhere else. */
export const FLAG_PICKLE = 1;
/** A decimal integer: `-?digits`. */
export const FLAG_INTEGER = 2;
/** A decimal integer, as Python 2 clients mark long ones. Read, never written. */
export const FLAG_LONG = 4;
/** Added to another flag by Python clients: the bytes are zlib-compressed. */
export const FLAG_ZLIB = 8;
/** UTF-8 text. */
export const FLAG_TEXT = 16;

/** Plain JSON. The text bit makes Python's clients hand it out as `str`, ready for `json.loads`. */
export const FLAG_JSON = FLAG_TEXT | 256;
/** JSON in which values that JSON lacks (Date, Map, NaN, …) are tagged. */
export const FLAG_TAGGED_JSON = FLAG_TEXT | 512;
/** Empty bytes. Apart from 0, because an empty item with flags 0 is what memcached makes for a lease. */
export const FLAG_EMPTY_BYTES = 1024;
/** No value but a lease that its owner has renewed. Apart from 0, so that nobody takes it for one that was just given. */
export const FLAG_RENEWED_LEASE = 2048;
/** A stored HTTP response. */
export const FLAG_PAGE = 4096;
/** A value that bears tags, or that may be served stale: a head of this package's own, then the value's bytes. */
export const FLAG_ENVELOPE = 8192;
