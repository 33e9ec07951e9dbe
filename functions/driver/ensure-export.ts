import { Export, exportNothing } from '../../lib/driver/export.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(Export, exportNothing)
