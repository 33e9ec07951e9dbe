import { InitializeConnection, initializeConnection } from '../../lib/driver/initialize-connection.ts'
import { attachingOperation } from '../../lib/lambda/attaching.ts'

export const handler = attachingOperation(InitializeConnection, initializeConnection)
