import { GenericContainer, getContainerRuntimeClient, Wait } from 'testcontainers';

const IMAGE = 'timescale/timescaledb:latest-pg17';

interface TestServer {
  readonly url: string | undefined;
  readonly description: string;
  stop(): Promise<void>;
}

/** The server of TEST_DATABASE_URL, else one in a container where Docker runs, else none. */
export async function startServer(): Promise<TestServer> {
  const given = process.env.TEST_DATABASE_URL;
  if (given !== undefined && given !== '') {
    return { url: given, description: 'server of TEST_DATABASE_URL', stop: async () => undefined };
  }
  try {
    await getContainerRuntimeClient();
  } catch {
    return {
      url: undefined,
      description:
        'no server (neither TEST_DATABASE_URL nor Docker), so the suites of a server are not run',
      stop: async () => undefined,
    };
  }
  const container = await new GenericContainer(IMAGE)
    .withEnvironment({ POSTGRES_PASSWORD: 'belt' })
    .withExposedPorts(5432)
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start();
  return {
    url: `postgres://postgres:belt@${container.getHost()}:${container.getMappedPort(5432)}/postgres`,
    description: `server in a container of ${IMAGE}`,
    stop: async () => {
      await container.stop();
    },
  };
}
