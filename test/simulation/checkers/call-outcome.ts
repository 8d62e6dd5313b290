/**
 * Every call has exactly one outcome, or its caller has died (G14, D8): a reply to this very
 * request, handled once; or a failure that is true: a timeout that is not early, the loss of the
 * server's node, no process, or the reason the server ended with.
 */
import type { Happening, HappeningOf } from '../happening.ts'
import type { Facts, MakeChecker } from './checker.ts'

/**
 * Timeouts are never early on the caller's clock, and late by a thirty-second at most
 * (`runtime/timeouts.ts`), but for what its machine was too slow.
 */
const lateMaxMs = (timeoutMs: number): number => timeoutMs / 32 + 5

/** A clock that drifts counts more milliseconds of a halt than there are. */
const clockMaxRate = 1.1
/** What adding up fractions of milliseconds from a far origin may take. */
const roundingMs = 1e-5

type Call = {
  readonly begun: HappeningOf<'callBegun'>
  handled: number
  ended: boolean
}

export const callOutcome: MakeChecker = (facts, accuse) => {
  const calls = new Map<number, Call>()
  const ended = (call: Call, happening: HappeningOf<'callEnded'>): void => {
    const { id, outcome, answers } = happening
    if (call.ended) accuse(`call ${id} ended twice, now with ${outcome}`)
    call.ended = true
    if (outcome === 'ok') {
      if (answers !== id) accuse(`call ${id} got the answer to ${answers}`)
      if (call.handled !== 1) accuse(`call ${id} was answered and handled ${call.handled} times`)
    } else {
      const untrue = untruth(facts, call.begun, happening)
      if (untrue !== undefined) accuse(`call ${id}: ${untrue}`)
    }
  }
  return {
    name: 'call-outcome',
    see(happening: Happening) {
      if (happening.tag === 'callBegun') {
        calls.set(happening.id, { begun: happening, handled: 0, ended: false })
      } else if (happening.tag === 'callHandled') {
        const call = calls.get(happening.id)
        if (call === undefined) accuse(`a call ${happening.id} that nobody made was handled`)
        else if (++call.handled > 1) accuse(`call ${happening.id} was handled twice`)
      } else if (happening.tag === 'callEnded') {
        const call = calls.get(happening.id)
        if (call !== undefined) ended(call, happening)
      } else if (happening.tag === 'stray') accuse(`${happening.by} got ${happening.what}`)
    },
    finish() {
      for (const [id, call] of calls) {
        if (call.ended || facts.isDead(call.begun.caller)) continue
        accuse(`call ${id} of ${call.begun.caller} has no outcome`)
      }
    },
  }
}

function untruth(
  facts: Facts,
  { timeoutMs, to, at }: HappeningOf<'callBegun'>,
  { outcome, at: end }: HappeningOf<'callEnded'>,
): string | undefined {
  if (outcome === '"timeout"') {
    const tookMs = end.clockMs - at.clockMs
    const lateMs = lateMaxMs(timeoutMs) + (end.stalledMs - at.stalledMs) * clockMaxRate
    if (tookMs >= timeoutMs - roundingMs && tookMs <= timeoutMs + lateMs) return undefined
    return `timed out after ${tookMs} of ${timeoutMs} ms`
  }
  if (outcome.includes('"nodedown"') || to === null) return undefined
  if (outcome === '"noproc"') return facts.isDead(to) ? undefined : `noproc of ${to}, which lives`
  const reason = facts.reasonOf(to)
  return reason === outcome ? undefined : `failed with ${outcome}, but ${to} ended with ${reason}`
}
