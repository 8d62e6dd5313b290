/**
 * Which nodes need not prove a key: for them the cookie alone decides. Patterns name a node
 * exactly, or leave one half of the name open: `probe@*`, `*@trusted.local`.
 *
 * The rule is symmetric: a node that is listed and has no pin gets a lone OK instead of a
 * challenge, and whoever dialled takes that only from a node it has listed itself. A pinned name
 * always has to prove its key (AMB-14). Source: the cluster spec, 4.7; the option `authEnabled` is
 * the same rule with everybody listed and pins not asked.
 */
import { validateNodeName } from './node-name.ts'

export type Exemptions = 'everybody' | readonly string[]

/** What is wrong with a pattern, in words, or undefined. */
export function cookieOnlyFault(pattern: unknown): string | undefined {
  if (typeof pattern !== 'string') return 'a string'
  if (pattern === '*@*') return 'a pattern with one open half (authEnabled: false is for everybody)'
  const named = pattern.replace(/^\*@/, 'x@').replace(/@\*$/, '@x')
  if (validateNodeName(named).tag === 'ok') return undefined
  return "'name@host', 'name@*' or '*@host'"
}

/** True when `node`, a valid name, is named by one of the patterns. */
export function isExempt(exemptions: Exemptions, node: string): boolean {
  if (exemptions === 'everybody') return true
  const [name, host] = node.split('@')
  const forms = [node, `${name}@*`, `*@${host}`]
  return exemptions.some((pattern) => forms.includes(pattern))
}
