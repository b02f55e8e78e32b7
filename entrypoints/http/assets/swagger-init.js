// Starts Swagger UI. A file of its own, so that the page needs no inline script (see its CSP).
window.addEventListener("load", () => {
  window.ui = SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    // A token typed in here is kept until the page is closed, and nowhere but in its memory.
    persistAuthorization: false,
    // The validator's badge would send the description's address to another site.
    validatorUrl: "none",
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
  });
});
