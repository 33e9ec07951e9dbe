import { ValidateConnector, validateConnector } from '../../lib/driver/validate-connector.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(ValidateConnector, validateConnector)
