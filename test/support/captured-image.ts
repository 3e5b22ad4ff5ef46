import { simulatedSystem, type TestImprint } from './imprint.ts';

/** Captures a node that is added for it: an image that tests load. Answers the node. */
export async function captureFreshNode(
  imprint: TestImprint,
  image: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const node = await imprint.addNode(settings);
  await (await imprint.client.startCapture({ node, image, operatingSystem: simulatedSystem })).result();
  return node;
}
