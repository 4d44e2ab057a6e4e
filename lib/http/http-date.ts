const DAY = '(?:mon|tue|wed|thu|fri|sat|sun)';
const LONG_DAY = '(?:mon|tues|wednes|thurs|fri|satur|sun)day';
const MONTH = '(?<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)';
const TIME = String.raw`(?<time>\d\d:\d\d:\d\d)`;

/** The form that is sent today, and the two older ones that every recipient has to read. */
const FORMS = [
  String.raw`${DAY}, (?<day>\d\d) ${MONTH} (?<year>\d{4}) ${TIME} gmt`,
  String.raw`${LONG_DAY}, (?<day>\d\d)-${MONTH}-(?<year>\d\d) ${TIME} gmt`,
  String.raw`${DAY} ${MONTH} (?<day>[ \d]\d) ${TIME} (?<year>\d{4})`,
].map((form) => new RegExp(String.raw`^[\t ]*${form}[\t ]*$`, 'i'));

/**
 * Reads the date of a header, in upper or lower case; undefined if it has none of the three forms of HTTP, or no such day
 * exists. `Date.parse()` takes more (`2030`, `0`, other zones) and reads the form that names no zone as local time.
 *
 * @param now Milliseconds since the epoch; it says in which century a year of two digits is.
 * @returns Milliseconds since the epoch.
 * @see RFC 9110, 5.6.7, and RFC 9111, 4.2
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups;
    if (!parts) continue;
    const day = Number(parts['day']);
    const date = new Date(
      `${day} ${parts['month']} ${fullYear(parts['year']!, now)} ${parts['time']} GMT`,
    );
    // A day that the month does not have would be one of the next month.
    return date.getUTCDate() === day ? date.getTime() : undefined;
  }
  return undefined;
}

/** A year that looks more than 50 years ahead is the last one in the past that ends in the same digits. */
function fullYear(digits: string, now: number): number {
  if (digits.length === 4) return Number(digits);
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + Number(digits);
  return year > thisYear + 50 ? year - 100 : year;
}
