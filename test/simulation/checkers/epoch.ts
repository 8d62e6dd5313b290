/**
 * Channels do not mix (O3, D5): between two nodedowns of a node, all that comes from it comes over
 * one channel of one incarnation of it, a later one each time; nothing comes before the nodeup;
 * nodeup and nodedown alternate.
 */
import type { Happening } from '../happening.ts'
import type { MakeChecker } from './checker.ts'

type Heard = { readonly of: string; readonly epoch: number }

export const epochs: MakeChecker = (_facts, accuse) => {
  /** By receiving incarnation, sending node and nodedowns: the channel heard. */
  const heard = new Map<string, Heard>()
  const up = new Set<string>()
  const hear = (at: string, of: string, epoch: number, downs: number): void => {
    if (at === of) return
    const peer = nameOf(of)
    const known = heard.get(`${at} ${peer} ${downs}`)
    if (known === undefined) {
      heard.set(`${at} ${peer} ${downs}`, { of, epoch })
      for (let before = downs - 1; before >= 0; before--) {
        const older = heard.get(`${at} ${peer} ${before}`)
        if (older === undefined) continue
        if (older.of === of && older.epoch >= epoch) {
          accuse(`${at} heard epoch ${epoch} of ${of} after nodedown ${downs}, and before it too`)
        }
        break
      }
    } else if (known.of !== of || known.epoch !== epoch) {
      const both = `epoch ${known.epoch} of ${known.of} and epoch ${epoch} of ${of}`
      accuse(`${at} heard ${both} without a nodedown between`)
    }
  }
  return {
    name: 'epoch',
    see(happening: Happening) {
      if (happening.tag === 'received') {
        const { at, of, epoch, downs } = happening
        hear(at, of, epoch, downs)
        if (!happening.up && at !== of) accuse(`${happening.by} heard ${of} before its nodeup`)
      } else if (happening.tag === 'heard') {
        hear(happening.at, happening.of, happening.epoch, happening.downs)
      } else if (happening.tag === 'nodeup') {
        const key = `${happening.at} ${happening.peer}`
        if (up.has(key)) accuse(`${key}: nodeup twice`)
        up.add(key)
      } else if (happening.tag === 'nodedown') {
        const key = `${happening.at} ${happening.peer}`
        if (!up.delete(key)) accuse(`${key}: nodedown without nodeup`)
      }
    },
    finish: () => undefined,
  }
}

function nameOf(incarnation: string): string {
  return incarnation.slice(0, incarnation.indexOf('#'))
}
