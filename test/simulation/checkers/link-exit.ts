/**
 * A link of trapping processes gives one EXIT to each: none after unlink (once the mailbox was
 * flushed), never two, and by the end one for every link whose other end is gone (L1, L4, L5, D2).
 * Where both of two processes linked, their signals cross, and what holds is the sum: no more EXITs
 * than links made.
 */
import type { Happening } from '../happening.ts'
import type { MakeChecker } from './checker.ts'

/** One end of what ties two processes. */
type End = {
  readonly owner: string
  readonly target: string
  /** The owner linked, and neither unlinked nor got an EXIT since. */
  linked: boolean
  links: number
  exits: number
}

export const linkExit: MakeChecker = (facts, accuse) => {
  const ends = new Map<string, End>()
  const endOf = (owner: string, target: string): End => {
    const key = `${owner}>${target}`
    const end = ends.get(key) ?? { owner, target, linked: false, links: 0, exits: 0 }
    ends.set(key, end)
    return end
  }
  const exit = (end: End, other: End, reason: string): void => {
    end.exits += 1
    const due = other.links === 0 ? end.linked : end.exits <= end.links + other.links
    if (due) return
    accuse(`${end.owner} got EXIT ${reason} of ${end.target}, to which it is not linked`)
  }
  return {
    name: 'link-exit',
    see(happening: Happening) {
      if (
        happening.tag !== 'linked' &&
        happening.tag !== 'unlinked' &&
        happening.tag !== 'exitMessage'
      ) {
        return
      }
      const { owner, target } = happening
      const end = endOf(owner, target)
      if (happening.tag === 'exitMessage') exit(end, endOf(target, owner), happening.reason)
      if (happening.tag === 'linked') end.links += 1
      end.linked = happening.tag === 'linked'
    },
    finish() {
      for (const { owner, target, linked } of [...ends.values()]) {
        if (!linked || facts.isDead(owner) || !facts.isDead(target)) continue
        if (endOf(target, owner).links > 0) continue
        accuse(`${owner} never got the EXIT of ${target}`)
      }
    },
  }
}
