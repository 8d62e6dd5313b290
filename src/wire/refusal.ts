/**
 * Why a term cannot leave the node, with the path of the field at fault: the only part of the
 * answer that helps the author of a large message.
 */
export type EncodeReason =
  /** A function, symbol, class instance, or an accessor or proxy that threw. */
  | 'type'
  /** Nested deeper than `termDepthMax`. */
  | 'depth'
  /** An object that contains itself. */
  | 'cycle'
  /** More than `distMaxMessageBytes`, `termElementsMax` or `termBigintMaxBytes`. */
  | 'size'
  /** A symbol key, or the key `__proto__`. */
  | 'key'
  /** A hole in an array. */
  | 'hole'
  /** A string with a lone surrogate: it has no UTF-8 form. */
  | 'string'
  /** A pid or reference where no channel gives it a meaning. */
  | 'identifier'

export type EncodeError = {
  readonly tag: 'error'
  readonly reason: EncodeReason
  /** Where, as an expression: `message.items[3].callback`. Cut in the middle when very long. */
  readonly path: string
  /** What was found there: `function`, `class Date`, `key __proto__`. */
  readonly got: string
}

/** A step from a container to a member, kept with the container to find where a cycle closes. */
export type Step = { readonly holder: object; readonly segment: string }

const identifier = /^[A-Za-z_$][\w$]*$/
const segmentMaxChars = 64
const pathMaxChars = 1024

/** `.name`, or `["odd name"]`. */
export function propertySegment(key: string): string {
  return identifier.test(key) && key.length < segmentMaxChars ? `.${key}` : `[${quote(key)}]`
}

/** `.get("key")` or, for a key that is not a short primitive, `.values()[3]`. */
export function mapValueSegment(key: unknown, index: number): string {
  if (typeof key === 'string') return `.get(${quote(key)})`
  if (typeof key === 'number' || typeof key === 'boolean') return `.get(${key})`
  return `.values()[${index}]`
}

/**
 * The path of a refusal, from the innermost step to the outermost. A nesting that is refused for
 * its depth is a cycle if one object holds itself; the path then ends where it closes.
 */
export function refusalOf(
  root: string,
  reason: EncodeReason,
  got: string,
  innermostFirst: readonly Step[],
  last: object | undefined,
): EncodeError {
  const steps = innermostFirst.toReversed()
  const holders: object[] = steps.map((step) => step.holder)
  if (reason === 'depth' && last !== undefined) {
    const closing = [...holders, last].findIndex((holder, at, all) => all.indexOf(holder) < at)
    if (closing > 0)
      return refusal(root, 'cycle', 'an object that holds it', steps.slice(0, closing))
  }
  return refusal(root, reason, got, steps)
}

function refusal(
  root: string,
  reason: EncodeReason,
  got: string,
  steps: readonly Step[],
): EncodeError {
  const path = root + steps.map((step) => step.segment).join('')
  const half = pathMaxChars / 2
  const shown = path.length > pathMaxChars ? `${path.slice(0, half)}…${path.slice(-half)}` : path
  return { tag: 'error', reason, path: shown, got }
}

/** What a refused value is, for `got`. */
export function describe(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value
  try {
    const name: unknown = value.constructor?.name
    return typeof name === 'string' && name !== ''
      ? `class ${name.slice(0, segmentMaxChars)}`
      : 'object'
  } catch {
    return 'object'
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > segmentMaxChars ? `${text.slice(0, segmentMaxChars)}…` : text)
}
