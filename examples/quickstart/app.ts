/**
 * The application: one worker under a supervisor. A worker that crashes is started again, and
 * registers its names again in `init`; nobody else has to do anything.
 *
 *   quickstart   oneForOne
 *   └─ worker
 */
import { application, child, startLink, supervisor } from 'skein'
import { Worker } from './worker.ts'

const Tree = supervisor('quickstart.tree', () => ({
  strategy: 'oneForOne',
  intensity: 3,
  children: [child(Worker, undefined)],
}))

export const Quickstart = application('quickstart', {
  description: 'one worker on every node, known to all',
  start: (self) => startLink(self, Tree),
})

export const modules = [Worker, Tree]
