/**
 * Order of one sender's messages to one receiver, by pid and by name alike (O1, O3, O5): what is
 * received of one channel of the sender is a prefix of what was sent over it, and channels follow
 * each other. So nothing is reordered or doubled, and after a gap nothing of that channel comes.
 * What a process sent before its end precedes the news of its end (M8, X17).
 */
import type { Happening, HappeningOf } from '../happening.ts'
import type { MakeChecker } from './checker.ts'

type Pair = {
  /** The number each epoch began with. */
  readonly first: Map<number, number>
  epoch: number
  last: number
}

export const senderOrder: MakeChecker = (_facts, accuse) => {
  const pairs = new Map<string, Pair>()
  const pairOf = (from: string, to: string): Pair => {
    const key = `${from}>${to}`
    const pair = pairs.get(key) ?? { first: new Map(), epoch: -1, last: 0 }
    pairs.set(key, pair)
    return pair
  }
  const received = ({ from, by, n, epoch }: HappeningOf<'received'>): void => {
    const pair = pairOf(from, by)
    const expected = epoch === pair.epoch ? pair.last + 1 : (pair.first.get(epoch) ?? 1)
    if (epoch < pair.epoch) {
      accuse(`${by} got ${n} of ${from} from epoch ${epoch} after one from ${pair.epoch}`)
    } else if (n !== expected) {
      accuse(`${by} got ${n} of ${from} in epoch ${epoch}, expected ${expected}`)
    }
    pair.epoch = epoch
    pair.last = n
  }
  return {
    name: 'sender-order',
    see(happening: Happening) {
      if (happening.tag === 'sent') {
        const { first } = pairOf(happening.from, happening.to)
        if (!first.has(happening.epoch)) first.set(happening.epoch, happening.n)
      } else if (happening.tag === 'received') received(happening)
      else if (happening.tag === 'lastWords') {
        const { by, from, n, how } = happening
        const { last } = pairOf(from, by)
        if (last !== n) accuse(`${by} heard by ${how} that ${from} ended after ${n}, had ${last}`)
      }
    },
    finish: () => undefined,
  }
}
