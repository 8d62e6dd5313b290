/**
 * Taking secrets out of log fields before anybody sees them: handlers, sinks and observers. The
 * user's function is asked about every field at every depth; when it fails the field is hidden, not
 * shown.
 */
import { isPid, isReference } from '../../runtime/index.ts'
import { snapshotFields } from '../sys/snapshot.ts'
import type { LogFields } from './record.ts'

/**
 * Given a field's name and a copy of its value, returns what is shown instead; `value` itself to
 * show it, undefined to leave the field out.
 */
export type Redact = (key: string, value: unknown) => unknown

const hidden = '[redaction failed]'

export function redactFields(fields: LogFields, redact: Redact): LogFields {
  return entriesOf(snapshotFields(fields), redact)
}

function entriesOf(value: object, redact: Redact): LogFields {
  const shown = Object.entries(value).map(([key, field]) => [key, asked(key, field, redact)])
  return Object.fromEntries(shown.filter(([, field]) => field !== undefined))
}

function asked(key: string, value: unknown, redact: Redact): unknown {
  try {
    const given = redact(key, value)
    if (!(given instanceof Promise)) return within(given, redact)
    given.catch(() => undefined)
    return hidden
  } catch {
    return hidden
  }
}

function within(value: unknown, redact: Redact): unknown {
  if (typeof value !== 'object' || value === null || isPid(value) || isReference(value))
    return value
  if (Array.isArray(value)) return value.map((item) => within(item, redact))
  if (value instanceof Set) return new Set([...value].map((item) => within(item, redact)))
  if (value instanceof Map) {
    return new Map([...value].map(([key, item]) => [key, asked(String(key), item, redact)]))
  }
  return value instanceof Uint8Array ? value : entriesOf(value, redact)
}
