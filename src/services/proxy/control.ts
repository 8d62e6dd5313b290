/**
 * What a proxy is told by its node. These are objects of classes, which no message from elsewhere
 * can be: anybody who has the pid of a proxy may send it anything, and all of that is for its
 * service.
 */
import type { Pid, Reason } from '../../../runtime/index.ts'

/** The service is another process of its node now. */
export class NewTarget {
  readonly pid: Pid

  constructor(pid: Pid) {
    this.pid = pid
  }
}

/** The service is gone, for this reason: callers are told, and the proxy ends. */
export class Gone {
  readonly reason: Reason

  constructor(reason: Reason) {
    this.reason = reason
  }
}

/** A dial has ended. */
export class Dialed {
  readonly up: boolean

  constructor(up: boolean) {
    this.up = up
  }
}

/** What waits for a dial has waited long enough. */
export class Impatient {}
