/** Bugs of names to plant in a run, as `../planted.ts` has those of the channels. */
import { TableCopy } from '../../../src/crdt/table-copy.ts'
import { TableReader } from '../../../src/replica/table-reader.ts'
import { Claims } from '../../../src/services/global/claims.ts'
import { Groups } from '../../../src/services/groups/groups.ts'
import { Registry } from '../../../src/services/registry/registry.ts'

/** What is left over of a node that is down, or of an earlier life of it, is not removed. */
export function keepTheDead(): () => void {
  const { sweep } = TableCopy.prototype
  TableCopy.prototype.sweep = () => true
  return () => {
    TableCopy.prototype.sweep = sweep
  }
}

/** Nobody is asked for what was missed: what is not told at once is never known. */
export function neverAsk(): () => void {
  const { hint, ask } = TableReader.prototype
  TableReader.prototype.hint = () => undefined
  TableReader.prototype.ask = () => undefined
  return () => {
    Object.assign(TableReader.prototype, { hint, ask })
  }
}

/** What other nodes' names become is missed when the name is known already. */
export function missUpdates(): () => void {
  const { changed } = Registry.prototype
  const known = new WeakMap<Registry, Set<string>>()
  Registry.prototype.changed = function (change): void {
    const keys = known.get(this) ?? new Set()
    known.set(this, keys)
    const key = `${change.node} ${change.key}`
    if (change.after !== undefined && keys.has(key)) return
    if (change.after === undefined) keys.delete(key)
    else keys.add(key)
    changed.call(this, change)
  }
  return () => {
    Registry.prototype.changed = changed
  }
}

/** One in so many entries of other nodes' groups is missed. */
export function missMembers(oneIn: number): () => void {
  const { changed } = Groups.prototype
  let count = 0
  Groups.prototype.changed = function (change): void {
    count += 1
    if (count % oneIn !== 0) changed.call(this, change)
  }
  return () => {
    Groups.prototype.changed = changed
  }
}

/** A node takes every other claim for stronger than the strongest; all nodes do. */
export function giveWayAlways(): () => void {
  const { of } = Claims.prototype
  const own = new WeakMap<Claims, boolean>()
  let count = 0
  Claims.prototype.of = function (key) {
    const turned = own.get(this) ?? count++ % 2 === 0
    own.set(this, turned)
    const claims = of.call(this, key)
    return turned ? [...claims].reverse() : claims
  }
  return () => {
    Claims.prototype.of = of
  }
}
