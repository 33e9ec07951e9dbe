import { expect, test } from 'vitest'
import { startFunctions } from '../support/functions.ts'

test('a token that StorPool does not take is named as the fault, and is nowhere in the answer', async () => {
  await using functions = await startFunctions('driver', {
    SP_AUTH_TOKEN: '1234509876',
    QUEUE_URL: 'http://127.0.0.1:9/none',
  })

  const answer = await functions.post('create_volume', { volume: { id: 'a', size: 1 } })

  expect(answer).toMatchObject({
    status: 502,
    body: { error: { name: 'VolumeBackendError', remedy: expect.stringContaining('SP_AUTH_TOKEN') } },
  })
  expect(JSON.stringify(answer)).not.toContain('1234509876')
  expect(functions.cluster.simulator.volumes.size).toBe(0)
})
