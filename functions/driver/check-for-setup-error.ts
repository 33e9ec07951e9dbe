import { CheckForSetupError, checkForSetupError } from '../../lib/driver/check-for-setup-error.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(CheckForSetupError, checkForSetupError)
