import Builder from 'fast-xml-builder';

const builder = new Builder({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  format: true,
  suppressEmptyNode: true,
});

/** Writes an object as XML, escaped: attributes by `@name`, text by `#text`, repeated elements as arrays. */
export function writeXml(root: Readonly<Record<string, unknown>>): string {
  return builder.build(root);
}
