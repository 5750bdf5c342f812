"use strict";
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#contract",
  deepLinking: true,
  filter: true,
  validatorUrl: null, // nothing leaves this origin
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
});
