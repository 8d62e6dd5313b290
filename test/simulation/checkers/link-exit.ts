/**
 * A link of a trapping process gives one EXIT: none after unlink (once its mailbox was flushed),
 * never two, and by the end one for every link whose other end is gone (L1, L4, L5, D2).
 */
import type { Happening } from '../happening.ts'
import type { MakeChecker } from './checker.ts'

export const linkExit: MakeChecker = (facts, accuse) => {
  const links = new Map<string, { owner: string; target: string }>()
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
      const key = `${owner}>${target}`
      if (happening.tag === 'linked') links.set(key, { owner, target })
      else if (happening.tag === 'unlinked') links.delete(key)
      else if (!links.delete(key)) {
        accuse(`${owner} got EXIT ${happening.reason} of ${target}, to which it is not linked`)
      }
    },
    finish() {
      for (const { owner, target } of links.values()) {
        if (facts.isDead(owner) || !facts.isDead(target)) continue
        accuse(`${owner} never got the EXIT of ${target}`)
      }
    },
  }
}
