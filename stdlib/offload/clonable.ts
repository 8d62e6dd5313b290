/**
 * What can pass between a node and its threads. The platform's structured clone refuses functions,
 * but makes a plain object of an instance of any class, a pid included, without a word: here both
 * are refused by path. Loaded into every thread, so it imports nothing.
 */

/** Why `value` cannot pass, beginning with its path; undefined: it can. */
export function unclonable(value: unknown, path: string): string | undefined {
  const seen = new Set<object>()
  const left: [unknown, string][] = [[value, path]]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const [found, at] = next
    if (typeof found === 'function' || typeof found === 'symbol') {
      return `${at}: a ${typeof found} cannot be copied`
    }
    if (typeof found !== 'object' || found === null || seen.has(found)) continue
    seen.add(found)
    if (!contents(found, at, left)) return `${at}: an instance of a class cannot be copied`
  }
  return undefined
}

/** Adds what `value` holds to `left`; false when it is an instance of a class of the program. */
function contents(value: object, at: string, left: [unknown, string][]): boolean {
  const prototype = Object.getPrototypeOf(value)
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) left.push([item, `${at}[${index}]`])
  } else if (prototype === Object.prototype || prototype === null) {
    for (const [key, item] of Object.entries(value)) left.push([item, `${at}.${key}`])
  } else if (value instanceof Map) {
    for (const [key, item] of value) {
      left.push([key, `${at}.keys()`], [item, `${at}.get(${typeof key})`])
    }
  } else if (value instanceof Set) {
    for (const item of value) left.push([item, `${at}.values()`])
  } else return isBuiltIn(value)
  return true
}

/** The platform's own kinds say what they are: buffers, views, dates, errors. */
function isBuiltIn(value: object): boolean {
  return Object.prototype.toString.call(value) !== '[object Object]'
}
