/**
 * Each checker is shown to fail on a planted bug, and every seed used here is clean without it. A
 * checker that has never accused anybody proves nothing.
 */
import { assert, suite } from '../support/harness.ts'
import {
  deliverTwice,
  forgetToSync,
  resendAfterLoss,
  tamperServices,
  tamperSignals,
  tamperWrites,
  writeInPlace,
} from './planted.ts'
import { runSeed } from './run-seed.ts'

/** Seeds with much traffic and many faults. */
const seeds = [226, 2, 2835, 8, 2066]
const deadline = { deadlineMs: 60_000 }

const test = suite('planted bugs')

/** Runs the seeds with the bug until `checker` accuses with `words`. */
async function finds(plant: () => () => void, checker: string, words: RegExp): Promise<void> {
  const seen: string[] = []
  for (const seed of seeds) {
    const restore = plant()
    const { violations } = await runSeed(seed).finally(restore)
    seen.push(...violations)
    if (violations.some((text) => text.includes(` ${checker}: `) && words.test(text))) return
  }
  throw new Error(`${checker} did not see it; seen: ${seen.slice(0, 5).join('\n') || 'nothing'}`)
}

const every = (count: number, nth: number): boolean => nth % count === 0

test(
  'without a bug nobody accuses',
  async () => {
    for (const seed of seeds) assert.equal((await runSeed(seed)).violations, [], `seed ${seed}`)
  },
  deadline,
)

test(
  'sender-order sees two writes that change places',
  () =>
    finds(() => tamperWrites((nth) => (every(40, nth) ? 'swap' : 'pass')), 'sender-order', /got/),
  deadline,
)

test(
  'sender-order sees a write that arrives twice',
  () =>
    finds(() => tamperWrites((nth) => (every(40, nth) ? 'twice' : 'pass')), 'sender-order', /got/),
  deadline,
)

test(
  'sender-order sees a message lost in the middle',
  () => finds(() => tamperSignals(dropping('send')), 'sender-order', /expected/),
  deadline,
)

test(
  'epoch sees an old message on a new channel',
  () => finds(resendAfterLoss, 'epoch', /after nodedown|without a nodedown/),
  deadline,
)

test(
  'call-outcome sees a reply that is lost',
  () => finds(() => tamperSignals(dropping('reply', 2)), 'call-outcome', /no outcome/),
  deadline,
)

test(
  'call-outcome sees a reply to another request',
  () => {
    let last: unknown
    const plant = () =>
      tamperSignals((signal) => {
        if (signal.tag !== 'reply' || signal.value === null) return 'pass'
        const before = last ?? signal.value
        last = signal.value
        return { ...signal, value: before }
      })
    return finds(plant, 'call-outcome', /got the answer to/)
  },
  deadline,
)

test(
  'monitor-down sees a DOWN that is lost',
  () => finds(() => tamperSignals(dropping('down')), 'monitor-down', /never fired/),
  deadline,
)

test(
  'monitor-down sees a DOWN that lies',
  () => {
    const plant = () =>
      tamperSignals((signal) =>
        signal.tag === 'down' && signal.reason !== 'noproc'
          ? { ...signal, reason: 'normal' }
          : 'pass',
      )
    return finds(plant, 'monitor-down', /but .* ended with/)
  },
  deadline,
)

test(
  'link-exit sees an EXIT that is lost',
  () => finds(() => tamperSignals(dropping('linkExit')), 'link-exit', /never got the EXIT/),
  deadline,
)

test(
  'spawn-outcome sees an answer that is lost',
  () => finds(() => tamperSignals(dropping('spawned')), 'spawn-outcome', /no outcome/),
  deadline,
)

test(
  'spawn-outcome sees a request that is carried out twice',
  () => {
    const plant = () =>
      tamperSignals((signal, nth) => (signal.tag === 'spawn' && every(5, nth) ? 'twice' : 'pass'))
    return finds(plant, 'spawn-outcome', /two processes/)
  },
  deadline,
)

test(
  'durability sees a disk that confirms too early',
  () => finds(forgetToSync, 'durability', /expected/),
  deadline,
)

test(
  'durability sees a file of which a part is written',
  () => finds(writeInPlace, 'durability', /a part of something/),
  deadline,
)

test(
  'overlay sees edges of which one end never heard that they ended',
  () => {
    const tags: ReadonlySet<string> = new Set(['disconnect', 'edgeCheck'])
    const plant = () =>
      tamperServices((service, tag) =>
        service === 'membership' && tags.has(tag) ? 'drop' : 'pass',
      )
    return finds(plant, 'overlay', /not the reverse/)
  },
  deadline,
)

test(
  'broadcast sees bodies and announcements that are lost, when nobody catches up',
  () => {
    const plant = () =>
      tamperServices((service, tag, nth) => {
        if (service !== 'broadcast') return 'pass'
        return tag === 'digest' || (every(2, nth) && tag !== 'prune') ? 'drop' : 'pass'
      })
    return finds(plant, 'broadcast', /never reached/)
  },
  deadline,
)

test(
  'broadcast sees what is delivered twice',
  () => finds(() => deliverTwice(20), 'broadcast', /twice/),
  deadline,
)

test(
  'members sees lists that are not compared',
  () => {
    const told: ReadonlySet<string> = new Set(['digest', 'entries', 'alive'])
    const plant = () =>
      tamperServices((service, tag, nth) => {
        if (service === 'members' && told.has(tag)) return 'drop'
        return service === 'broadcast' && every(2, nth) ? 'drop' : 'pass'
      })
    return finds(plant, 'members', / lists /)
  },
  deadline,
)

/** One in so many signals of a kind is lost. A channel that ends later hides that of a reply. */
function dropping(tag: string, oneIn = 7): Parameters<typeof tamperSignals>[0] {
  return (signal, nth) => (signal.tag === tag && every(oneIn, nth) ? 'drop' : 'pass')
}

test.run()
