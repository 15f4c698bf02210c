from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """Forms render through our templates: label on top, hint and error above the field."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
