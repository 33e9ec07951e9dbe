import { TerminateConnection, terminateConnection } from '../../lib/driver/terminate-connection.ts'
import { attachingOperation } from '../../lib/lambda/attaching.ts'

export const handler = attachingOperation(TerminateConnection, terminateConnection)
