// Configuration of GraphQL Code Generator. It generates types and documents for program.ts twice: from the schema of
// a running server, and from the schema in the repository.
const config = {
  importExtension: '.js',
  // Without this option, a scalar that has no entry below would have the type `any`.
  strictScalars: true,
  scalars: {
    Date: 'string',
    DateTime: 'string',
    Duration: 'string',
    LanguageTag: 'string',
    LocalDateTime: 'string',
    Slug: 'string',
    TimeZone: 'string',
    URL: 'string',
  },
  documentMode: 'string',
};

function client(schema) {
  return {
    schema,
    preset: 'client',
    config,
    presetConfig: { fragmentMasking: false, persistedDocuments: { hashAlgorithm: 'sha256' } },
  };
}

module.exports = {
  documents: ['program.ts'],
  generates: {
    '__generated__/live/': client(process.env.CODEGEN_URL),
    '__generated__/sdl/': client('../../../schema.graphql'),
  },
};
