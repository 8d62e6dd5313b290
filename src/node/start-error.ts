/**
 * A node could not be started. Nothing of it is left; `reason` is stable, the message explains.
 */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}
