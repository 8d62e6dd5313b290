/**
 * Messages that nobody will read, told to whoever observes the node and to nobody else: a send to
 * the dead never fails (rule P7), and costs nothing more while nobody looks.
 */
import type { Destination } from './destination.ts'
import { isPid } from './identifier.ts'
import type { System } from './system.ts'

/** `from` is the node the message came from. */
export function deadLetter(
  system: System,
  from: string,
  asked: Destination | string,
  message: unknown,
): void {
  if (!system.trace.active) return
  const to = isPid(asked) || typeof asked === 'string' ? asked : String(asked.name)
  const detail = `no process ${String(to)}`
  system.trace.emit({ tag: 'deadLetter', node: from, detail, to, message })
}
