/** What the worker node of the conformance topics runs: all their modules. */
import type { WorkerOptions } from '../../../src/index.ts'
import { topics } from '../topics/index.ts'

export const modules = topics
  .flatMap((topic) => topic.modules)
  .filter((one, at, all) => all.indexOf(one) === at)

export const options: WorkerOptions = { quiet: true }
