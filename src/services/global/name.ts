/**
 * Global names, and the keys under which the tables have them. `1` and `'1'` are two names, `0` and
 * `-0` are one.
 *
 * Invariant: two names have the same key if and only if they are the same name.
 */
import { BadArgument, type NameKey } from '../../../runtime/index.ts'
import { runtimeLimits, show } from '../../../runtime/kernel.ts'
import { isSendable } from '../../wire/index.ts'

export function isGlobalName(name: unknown): name is NameKey {
  if (typeof name === 'number') return Number.isFinite(name)
  if (typeof name !== 'string' || !isSendable(name)) return false
  return name.length > 0 && name.length <= runtimeLimits.nameMaxBytes
}

export function checkGlobalName(name: unknown): asserts name is NameKey {
  if (isGlobalName(name)) return
  const expected = `a string of 1 to ${runtimeLimits.nameMaxBytes} characters or a finite number`
  throw new BadArgument(`name: expected ${expected}, got ${show(name)}`)
}

export function keyOfName(name: NameKey): string {
  return typeof name === 'string' ? `"${name}` : `#${name}`
}
