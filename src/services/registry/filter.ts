/**
 * Which names a subscriber wants to hear of. A name is compared by its key, a pattern with names
 * that are strings only.
 */
import { BadArgument, type NameTerm } from '../../../runtime/index.ts'
import { checkOptions, show } from '../../../runtime/kernel.ts'
import type { NameKeys } from './name.ts'

export type ServiceFilter =
  | 'all'
  | { readonly name: NameTerm }
  /** For names that are strings; the flags `g` and `y` mean nothing here. */
  | { readonly pattern: RegExp }
  /** Called for every event, in the registry's turn: it must be quick. A throw ends its process. */
  | ((name: NameTerm) => boolean)

/** One name, by the text of its key, or whatever a function wants. */
export type Wanted =
  | { readonly tag: 'one'; readonly text: string }
  | { readonly tag: 'some'; readonly wants: (name: NameTerm) => boolean }

/** Throws `BadArgument` for what is no filter. */
export function wantedBy(filter: unknown, keys: NameKeys): Wanted {
  if (filter === 'all') return { tag: 'some', wants: () => true }
  if (typeof filter === 'function') return { tag: 'some', wants: (name) => filter(name) === true }
  if (typeof filter === 'object' && filter !== null) {
    if ('name' in filter) {
      checkOptions('filter', filter, ['name'])
      return { tag: 'one', text: keys.of(filter.name).text }
    }
    if ('pattern' in filter && filter.pattern instanceof RegExp) {
      checkOptions('filter', filter, ['pattern'])
      return { tag: 'some', wants: matching(filter.pattern) }
    }
  }
  const expected = `'all', { name }, { pattern: RegExp } or a function`
  throw new BadArgument(`filter: expected ${expected}, got ${show(filter)}`)
}

/** A pattern that remembers where it stopped would find every other name only. */
function matching({ source, flags }: RegExp): (name: NameTerm) => boolean {
  const pattern = new RegExp(source, flags.replace(/[gy]/g, ''))
  return (name) => typeof name === 'string' && pattern.test(name)
}
