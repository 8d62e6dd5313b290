/** What a node knows of names, read by what any program has: its public functions. */
import { pidKey, whereisName } from '../../../runtime/index.ts'
import {
  globalNames,
  groupMembers,
  listServices,
  lookupService,
  whichGroups,
} from '../../../src/index.ts'
import type { Node } from '../../../src/node/node.ts'
import { textOf } from './books.ts'
import { memberLine, type Seen, serviceLine } from './faults.ts'

export function lookAt(node: Node, key: string): Seen {
  const services = new Set<string>()
  for (const name of listServices(node)) {
    for (const { pid, metadata } of lookupService(node, name)) {
      services.add(serviceLine(textOf(name), pidKey(pid), Number(metadata.serial ?? 0)))
    }
  }
  const members = new Set<string>()
  for (const group of whichGroups(node)) {
    const joins = new Map<string, number>()
    for (const pid of groupMembers(node, group)) {
      joins.set(pidKey(pid), (joins.get(pidKey(pid)) ?? 0) + 1)
    }
    for (const [pid, times] of joins) members.add(memberLine(textOf(group), pid, times))
  }
  const globals = new Map<string, string>()
  for (const name of globalNames(node)) {
    const holder = whereisName(node, { tag: 'via', registry: 'global', name })
    globals.set(String(name), holder === undefined ? 'nobody' : pidKey(holder))
  }
  return { node: key, services, members, globals }
}
