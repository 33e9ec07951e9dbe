import { expect, test } from 'vitest'
import { startFunctions } from '../support/functions.ts'

test('a token that no header may hold is named at the first call, and not shown', async () => {
  await using functions = await startFunctions('driver', { SP_AUTH_TOKEN: 'sesame\nopen' })

  const { status, body } = await functions.post('create_volume', { volume: { id: 'v', size: 1 } })

  expect(status).toBe(502)
  expect(body.error.message).toContain('SP_AUTH_TOKEN')
  expect(JSON.stringify(body)).not.toContain('sesame')
  expect(functions.cluster.simulator.calls).toEqual([])
})
