using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Hybrid.EndToEnd.Packages;

/// <summary>All that code outside an assembly can name, one line for each type and member, in an order that does not depend on the source's.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>What a record has of its parameters; <c>record</c> in its line says as much.</summary>
    private static readonly string[] OfRecords = ["EqualityContract", "PrintMembers", "<Clone>$"];

    private static readonly Dictionary<Type, string> Words = new()
    {
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(char)] = "char",
        [typeof(double)] = "double",
        [typeof(float)] = "float",
        [typeof(int)] = "int",
        [typeof(long)] = "long",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(uint)] = "uint",
        [typeof(ulong)] = "ulong",
        [typeof(void)] = "void",
    };

    public static IReadOnlyList<string> Of(Assembly assembly) =>
        [.. assembly.GetTypes().Where(IsVisible).OrderBy(type => type.FullName, StringComparer.Ordinal).SelectMany(LinesOf)];

    /// <summary>What was taken away and what was added, one line each.</summary>
    public static IEnumerable<string> Differences(IReadOnlyList<string> accepted, IReadOnlyList<string> actual)
    {
        var (before, after) = (WithTypes(accepted), WithTypes(actual));
        return before.Except(after).Select(line => "- " + line).Concat(after.Except(before).Select(line => "+ " + line));
    }

    /// <summary>Members with the name of their type in front, since the same member may stand in many.</summary>
    private static List<string> WithTypes(IReadOnlyList<string> lines)
    {
        var type = "";
        return [.. lines.Select(line => line.StartsWith(' ') ? $"{type.Split(" : ")[0]}: {line.Trim()}" : type = line)];
    }

    private static IEnumerable<string> LinesOf(Type type) =>
    [
        Attributes(type) + TypeLine(type),
        .. (type.IsEnum ? Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name), CultureInfo.InvariantCulture)}")
            : typeof(Delegate).IsAssignableFrom(type) ? [MethodLine(type.GetMethod("Invoke")!)]
            : type.GetMembers(Declared).Where(member => IsVisible(member, type)).Select(member => Attributes(member) + MemberLine(member)))
            .Order(StringComparer.Ordinal).Select(line => "    " + line),
    ];

    private static bool IsVisible(Type type) => type.IsPublic || ((type.IsNestedPublic || ((type.IsNestedFamily || type.IsNestedFamORAssem) && !type.DeclaringType!.IsSealed)) && IsVisible(type.DeclaringType!));

    private static bool IsVisible(MemberInfo member, Type type) => member switch
    {
        MethodBase method => IsVisible(method, type) && (!method.IsSpecialName || method.IsConstructor || method.Name.StartsWith("op_", StringComparison.Ordinal))
            && (method.Name == "Deconstruct" || !method.IsDefined(typeof(CompilerGeneratedAttribute))),
        PropertyInfo property => property.GetAccessors(nonPublic: true).Any(accessor => IsVisible(accessor, type)),
        EventInfo @event => IsVisible(@event.AddMethod!, type),
        FieldInfo field => field.IsPublic || ((field.IsFamily || field.IsFamilyOrAssembly) && !type.IsSealed),
        _ => false, // Nested types have lines of their own.
    } && !OfRecords.Contains(member.Name);

    private static bool IsVisible(MethodBase method, Type type) => method.IsPublic || ((method.IsFamily || method.IsFamilyOrAssembly) && !type.IsSealed);

    private static string TypeLine(Type type)
    {
        var kind = type.IsEnum ? "enum" : type.IsInterface ? "interface" : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
            : (type.GetMethod("<Clone>$") is not null || type.GetMethod("PrintMembers", Declared) is not null ? "record " : "") + (type.IsValueType ? "struct" : "class");
        var how = type.IsAbstract && type.IsSealed ? "static " : type.IsInterface || type.IsValueType ? "" : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "";
        var readOnly = type.IsValueType && type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "";
        Type[] bases = [.. type.BaseType is { } parent && parent != typeof(object) && !type.IsValueType && kind != "delegate" ? [parent] : Type.EmptyTypes,
            .. type.GetInterfaces().Where(one => one.IsVisible && !type.IsEnum && kind != "delegate").OrderBy(one => TypeName(one), StringComparer.Ordinal)];
        return $"{how}{readOnly}{kind} {type.Namespace}.{TypeName(type)}{(bases.Length > 0 ? " : " + string.Join(", ", bases.Select(one => TypeName(one))) : "")}{Constraints(type.GetGenericArguments())}";
    }

    private static string MemberLine(MemberInfo member) => member switch
    {
        ConstructorInfo constructor => $"{Access(constructor)}{constructor.DeclaringType!.Name.Split('`')[0]}({Parameters(constructor)})",
        MethodInfo method => MethodLine(method),
        PropertyInfo property => PropertyLine(property),
        EventInfo @event => $"{Access(@event.AddMethod!)}{Modifiers(@event.AddMethod!)}event {TypeName(@event.EventHandlerType!)} {@event.Name}",
        FieldInfo field => $"{(field.IsPublic ? "" : "protected ")}{(field.IsLiteral ? "const " : field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}"
            + $"{TypeName(field.FieldType, new NullabilityInfoContext().Create(field))} {field.Name}{(field.IsLiteral ? " = " + Literal(field.GetRawConstantValue()) : "")}",
        _ => throw new InvalidOperationException($"{member.MemberType} {member.Name}"),
    };

    private static string MethodLine(MethodInfo method)
    {
        var generic = method.IsGenericMethodDefinition ? $"<{string.Join(", ", method.GetGenericArguments().Select(one => one.Name))}>" : "";
        var extension = method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "";
        return $"{Access(method)}{Modifiers(method)}{TypeName(method.ReturnType, new NullabilityInfoContext().Create(method.ReturnParameter))} {method.Name}{generic}"
            + $"({extension}{Parameters(method)}){(method.IsGenericMethodDefinition ? Constraints(method.GetGenericArguments()) : "")}";
    }

    private static string PropertyLine(PropertyInfo property)
    {
        var type = property.DeclaringType!;
        var accessors = property.GetAccessors(nonPublic: true).Where(accessor => IsVisible(accessor, type)).ToList();
        var words = accessors.Select(accessor => accessor == property.GetMethod ? "get;" : IsInit(accessor) ? "init;" : "set;").OrderBy(word => word != "get;");
        var index = property.GetIndexParameters() is { Length: > 0 } ? $"[{string.Join(", ", property.GetIndexParameters().Select(Parameter))}]" : "";
        return $"{Access(accessors[0])}{Modifiers(accessors[0])}{(property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "")}"
            + $"{TypeName(property.PropertyType, new NullabilityInfoContext().Create(property))} {property.Name}{index} {{ {string.Join(' ', words)} }}";
    }

    private static bool IsInit(MethodInfo setter) => setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static string Modifiers(MethodInfo method) => method.IsStatic ? "static " + (method.IsAbstract ? "abstract " : "")
        : method.DeclaringType!.IsInterface ? (method.IsAbstract ? "" : "default ")
        : method.IsAbstract ? "abstract "
        : method.GetBaseDefinition() != method ? (method.IsFinal ? "sealed override " : "override ")
        : method.IsVirtual && !method.IsFinal ? "virtual " : "";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        var by = parameter.ParameterType.IsByRef ? (parameter.IsOut ? "out " : parameter.IsIn ? "in " : "ref ") : parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(ParamCollectionAttribute)) ? "params " : "";
        return $"{by}{TypeName(parameter.ParameterType, new NullabilityInfoContext().Create(parameter))} {parameter.Name}{(parameter.HasDefaultValue ? " = " + Literal(parameter.RawDefaultValue) : "")}";
    }

    private static string Literal(object? value) => value switch
    {
        null => "default",
        string text => $"\"{text}\"",
        bool yes => yes ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string TypeName(Type type, NullabilityInfo? nullability = null)
    {
        var mark = nullability?.ReadState == NullabilityState.Nullable && !type.IsValueType ? "?" : "";
        if (type.IsByRef)
            return TypeName(type.GetElementType()!, nullability);
        if (type.IsPointer)
            return TypeName(type.GetElementType()!) + "*";
        if (type.IsArray)
            return $"{TypeName(type.GetElementType()!, nullability?.ElementType)}[{new string(',', type.GetArrayRank() - 1)}]{mark}";
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return TypeName(underlying) + "?";
        if (Words.TryGetValue(type, out var word))
            return word + mark;
        var name = type.IsNested && !type.IsGenericParameter ? $"{TypeName(type.DeclaringType!)}.{type.Name}" : type.Name;
        if (type.IsGenericType)
        {
            var arguments = type.GetGenericArguments();
            name = $"{name.Split('`')[0]}<{string.Join(", ", arguments.Select((one, index) => TypeName(one, nullability?.GenericTypeArguments.ElementAtOrDefault(index))))}>";
        }

        return name + mark;
    }

    private static string Constraints(Type[] parameters) => string.Concat(parameters.Where(one => one.IsGenericParameter).Select(one =>
    {
        var flags = one.GenericParameterAttributes;
        string[] words = [.. flags.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint) ? ["struct"] : flags.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint) ? (string[])["class"] : [],
            .. one.GetGenericParameterConstraints().Where(constraint => constraint != typeof(ValueType)).Select(constraint => TypeName(constraint)),
            .. flags.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint) && !flags.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint) ? (string[])["new()"] : []];
        return words.Length == 0 ? "" : $" where {one.Name} : {string.Join(", ", words)}";
    }));

    private static string Attributes(MemberInfo member) =>
        // The compiler marks constructors of types with required members so, for older compilers.
        (member is not ConstructorInfo && member.IsDefined(typeof(ObsoleteAttribute), inherit: false) ? "[Obsolete] " : "")
        + (member.IsDefined(typeof(ExperimentalAttribute), inherit: false) ? "[Experimental] " : "")
        + (member.IsDefined(typeof(FlagsAttribute), inherit: false) ? "[Flags] " : "");
}
