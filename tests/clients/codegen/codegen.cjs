// Types and documents of program.ts, once from the schema that a server tells and once from the one in the repository.
const config = {
  importExtension: '.js',
  // Scalars without a type here would be `any`.
  strictScalars: true,
  scalars: {
    Date: 'string',
    DateTime: 'string',
    Duration: 'string',
    LanguageTag: 'string',
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
