import { reasonOf, Stop } from './stop.ts'

interface Request {
  readonly method: string
  readonly url: URL
  readonly headers: Record<string, string>
  readonly body: string | undefined
}

/** @returns a request's headers with its signature among them. */
type Sign = (request: Request) => Promise<Record<string, string>>

/** `abc123.execute-api.eu-central-1.amazonaws.com` */
const regionIn = (host: string): string | undefined => /\.execute-api\.([a-z0-9-]+)\./.exec(host)?.[1]

/**
 * Sign requests to a deployed API with this machine's AWS credentials, found as every AWS program finds them.
 *
 * @throws Stop: the region is not known. When signing: there are no credentials.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
 */
export const signerFor = (base: URL, asked: string | undefined): Sign => {
  const region = asked ?? regionIn(base.hostname) ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION
  if (region === undefined) {
    throw new Stop(`The region of ${base.host} is not known. Say it: --region NAME`, 2)
  }
  let made: ReturnType<typeof signer> | undefined
  return async ({ method, url, headers, body }) => {
    made ??= signer(region)
    const { sign } = await made
    try {
      return await sign({ method, url, headers: { ...headers, host: url.host }, body })
    } catch (error) {
      throw new Stop(
        `The request to ${base.host} cannot be signed: ${reasonOf(error)}\n` +
          'Give AWS credentials in the environment (AWS_ACCESS_KEY_ID …) or with AWS_PROFILE, or another --url.',
        1,
        { cause: error },
      )
    }
  }
}

/** Loaded when a request is signed: the rest of the program starts without the SDK. */
const signer = async (region: string): Promise<{ sign: Sign }> => {
  const [{ SignatureV4 }, { LambdaClient }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@aws-sdk/client-lambda'),
  ])
  const { credentials, sha256 } = new LambdaClient({ region }).config
  const signature = new SignatureV4({ credentials, sha256, region, service: 'execute-api' })
  return {
    async sign({ method, url, headers, body }) {
      const signed = await signature.sign({
        method,
        protocol: url.protocol,
        hostname: url.hostname,
        ...(url.port !== '' && { port: Number(url.port) }),
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers,
        body,
      })
      return signed.headers
    },
  }
}
