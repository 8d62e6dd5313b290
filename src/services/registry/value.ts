/**
 * Instances as nodes tell each other of them: an array that ends after what is needed. The pid, the
 * metadata unless empty, and the name if it is a term, which nobody can read out of its key.
 */
import { isPid, type NameTerm, nodeOf, type Pid } from '../../../runtime/index.ts'
import { isTerm } from '../../../runtime/kernel.ts'
import { type Instance, noMetadata, type ServiceMetadata } from './instance.ts'
import { isMetadata } from './metadata.ts'
import type { NameKeys } from './name.ts'

export type ServiceValue =
  | readonly [pid: Pid]
  | readonly [pid: Pid, metadata: ServiceMetadata]
  | readonly [pid: Pid, metadata: ServiceMetadata, name: NameTerm]

export function asValue({ name, pid, metadata }: Instance): ServiceValue {
  if (typeof name !== 'string' && typeof name !== 'number') return [pid, metadata, name]
  return Object.keys(metadata).length === 0 ? [pid] : [pid, metadata]
}

/** What a peer may say. Whether it may say it of this name and pid: see `instanceOf`. */
export function isServiceValue(value: unknown): value is ServiceValue {
  if (!Array.isArray(value)) return false
  const fields: readonly unknown[] = value
  const [pid, metadata, name] = fields
  if (!isPid(pid)) return false
  if (fields.length === 1) return true
  if (!isMetadata(metadata)) return false
  return fields.length === 2 || (fields.length === 3 && isTerm(name))
}

/**
 * The instance that `node` has under the key `text`; undefined when the value is none of that key,
 * or tells of a process of another node.
 */
export function instanceOf(
  keys: NameKeys,
  node: string,
  text: string,
  value: ServiceValue,
): Instance | undefined {
  const [pid, metadata = noMetadata, term] = value
  const key = keys.parse(text, term)
  if (key === undefined || nodeOf(pid) !== node) return undefined
  return { name: key.name, pid, node, metadata }
}
