/**
 * The event loop of one simulated node that can be blocked. While it is, timers that come due and
 * mail that arrives wait; when it runs again it takes the overdue timers first and then the mail,
 * as Node does, as far as it gets before it is blocked anew.
 */
type Job = () => void

/** How much is done in a short moment between two blocks. */
const jobsPerMs = 20

export class BlockableLoop {
  blocked = false
  #timers: Job[] = []
  #mail: Job[] = []

  timer(job: Job): void {
    if (this.blocked) this.#timers.push(job)
    else job()
  }

  /** In order: what is waiting goes ahead of what arrives. */
  mail(job: Job): void {
    if (this.blocked || this.#mail.length > 0) this.#mail.push(job)
    else job()
  }

  /** Runs for so long; true if nothing is left. */
  drain(forMs: number): boolean {
    let left = Math.max(1, Math.floor(forMs * jobsPerMs))
    while (left > 0 && this.#timers.length + this.#mail.length > 0) {
      const from = this.#timers.length > 0 ? this.#timers : this.#mail
      const taken = from.splice(0, left)
      left -= taken.length
      for (const job of taken) job()
    }
    return this.#timers.length + this.#mail.length === 0
  }
}
