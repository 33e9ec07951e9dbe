import middy from '@middy/core'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'

interface Text {
  readonly type: string
  readonly text: string
}

/** Texts that everybody may read, by path. What a browser runs of them is nothing. */
export const page = (texts: Readonly<Record<string, () => Text>>) =>
  middy(async ({ rawPath }: APIGatewayProxyEventV2) => {
    const { type, text } = texts[rawPath]?.() ?? { type: 'text/plain', text: '' }
    return {
      statusCode: text === '' ? 404 : 200,
      headers: {
        'content-type': type,
        'cache-control': 'public, max-age=300',
        'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
        'x-content-type-options': 'nosniff',
      },
      body: text,
    }
  })
