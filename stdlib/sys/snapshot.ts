/**
 * A copy of any value, made to be looked at: by who inspects a server, and by log sinks. Plain data
 * is copied as it is, so that nobody can change or freeze what belongs to a running server; what
 * could not be sent is shown as text. Never throws, whatever getters and proxies do, and is bounded
 * in depth and size.
 */
import { isPid, isReference } from '../../runtime/index.ts'
import { runtimeLimits } from '../../runtime/kernel.ts'

const left = {
  circular: '[circular]',
  deep: '[deeper]',
  more: '[more]',
  unreadable: '[unreadable]',
}

/** Objects of classes lose their class: their own enumerable fields are shown. */
export function snapshot(value: unknown): unknown {
  return new Copying().copy(value, 0)
}

/** `snapshot` of the fields of a log event. */
export function snapshotFields(fields: object): Readonly<Record<string, unknown>> {
  const copied = snapshot(fields)
  return typeof copied === 'object' && copied !== null ? { ...copied } : { fields: copied }
}

class Copying {
  #objects = 0
  readonly #above = new Set<object>()

  copy(value: unknown, depth: number): unknown {
    if (typeof value === 'function') return `[function ${nameOf(value)}]`
    if (typeof value === 'symbol') return String(value)
    if (typeof value !== 'object' || value === null) return value
    if (this.#above.has(value)) return left.circular
    if (depth >= runtimeLimits.snapshotDepthMax) return left.deep
    if (++this.#objects > runtimeLimits.snapshotObjectsMax) return left.more
    this.#above.add(value)
    try {
      return this.#object(value, depth + 1)
    } catch {
      return left.unreadable
    } finally {
      this.#above.delete(value)
    }
  }

  #object(value: object, depth: number): unknown {
    if (isPid(value) || isReference(value)) return value
    if (value instanceof Error) return { name: `${value.name}`, message: `${value.message}` }
    if (value instanceof Date) return String(value)
    if (value instanceof Promise) return '[promise]'
    if (value instanceof Uint8Array) return value.slice()
    if (Array.isArray(value)) return value.map((item) => this.copy(item, depth))
    if (value instanceof Set) return new Set([...value].map((item) => this.copy(item, depth)))
    if (value instanceof Map) {
      const copy = new Map<unknown, unknown>()
      for (const [key, item] of value) copy.set(this.copy(key, depth), this.copy(item, depth))
      return copy
    }
    const fields = Object.keys(value).map((key) => [key, this.#field(value, key, depth)])
    return Object.fromEntries(fields)
  }

  #field(value: object, key: string, depth: number): unknown {
    try {
      return this.copy(Reflect.get(value, key), depth)
    } catch {
      return left.unreadable
    }
  }
}

function nameOf(value: object): string {
  try {
    return String(Reflect.get(value, 'name'))
  } catch {
    return ''
  }
}
