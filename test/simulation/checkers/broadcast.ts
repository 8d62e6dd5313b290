/**
 * A broadcast reaches every node that was listening when it began and still is, exactly once
 * (`audience.ts` says who is owed what). Nobody delivers what was never broadcast; a node that
 * listens since later may deliver it once.
 */
import { Audience } from '../audience.ts'
import type { Happening } from '../happening.ts'
import type { MakeChecker } from './checker.ts'

export const broadcasts: MakeChecker = (_facts, accuse) => {
  const audience = new Audience()
  return {
    name: 'broadcast',
    see(happening: Happening) {
      const wrong = audience.see(happening)
      if (wrong !== undefined) accuse(wrong)
      if (happening.tag !== 'settled') return
      for (const { id, origin, missing } of audience.owed()) {
        accuse(`${id} of ${origin} never reached ${missing.join(' ')}`)
      }
    },
    finish: () => undefined,
  }
}
