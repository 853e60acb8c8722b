"""Systems Manager: documents, commands, associations, automations and nodes."""
