/**
 * Who a process descends from (OTP `$ancestors`, rule B2): first who spawned it, then that one's
 * parent, and so on, by name where it has one. A pid keeps the record of its process, so the line
 * is read when it is asked for and costs a process nothing; it ends where it leaves the node, and
 * passes over those that were dead when their own children died.
 */
import { type Pid, recordOfPid } from './identifier.ts'
import { limits } from './limits.ts'
import { Process } from './process.ts'

export function ancestorsOf(process: Process, max: number = limits.ancestorsMax): (Pid | string)[] {
  const line: (Pid | string)[] = []
  for (let pid = process.parent; pid !== null && line.length < max; ) {
    const record = recordOfPid(pid)
    const here = record instanceof Process && record.system === process.system
    line.push(here && record.name !== null ? record.name : pid)
    pid = here ? record.parent : null
  }
  return line
}
